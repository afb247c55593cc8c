/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * python__discover() where a process is not as usual: forked, in another mount namespace, its file
 * deleted, its first thread gone, 32-bit.
 */
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "interpreter.h"

/* The child of a fork has the same addresses; after an exec they mean nothing. */
static void fork_and_exec(void)
{
	const char *path = python_path("3.12.1") ? python_path("3.12.1")
						 : python_path("/usr/bin/python3.11");
	struct python py, forked, later;
	struct child child;
	char text[64];
	ssize_t n;

	if (!path)
		TAP_SKIP("no interpreter is installed");
	child = start(
		path,
		"import os, signal, sys\n"
		"signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])\n"
		"pid = os.fork()\n"
		"if pid == 0: signal.sigwait([signal.SIGUSR1]); os.execv('/bin/sleep', ['sleep', '60'])\n"
		"os.write(1, str(pid).encode()); signal.pause()\n");
	n = read(child.out, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	python__discover(child.pid, &py);
	python__discover(atoi(text), &forked);
	kill(atoi(text), SIGUSR1);
	for (int i = 0; i < 500; i++) {
		later = forked;
		if (python__refresh(atoi(text), &later) != PYTHON_FOUND)
			break;
		usleep(10000);
	}
	if (later.status != PYTHON_GONE)
		python__discover(atoi(text), &forked);
	kill(atoi(text), SIGKILL);
	stop(&child);
	CHECK_STATUS(py.status, PYTHON_FOUND, &py);
	CHECK_STATUS(later.status, PYTHON_NOT_YET, &later);
	CHECK_STATUS(forked.status, PYTHON_NOT, &forked);
	CHECK_INT(forked.gils_n, 0);
	CHECK_INT(later.gils[0].address, py.gils[0].address);
}

/* The first thread ends, the process lives on: /proc/PID has no memory then, its threads do. */
static void first_thread_has_ended(void)
{
	const char *path = any_python();
	enum python_status refreshed;
	char script[512];
	struct child child;
	struct python py;

	if (!path)
		TAP_SKIP("no interpreter is installed");
	snprintf(script, sizeof(script),
		 "import ctypes, threading, time\n"
		 "def f():\n"
		 "    time.sleep(0.3); print('ready', flush=True); time.sleep(60)\n"
		 "threading.Thread(target=f).start()\n"
		 "ctypes.CDLL(None).syscall(%d, 0)\n",
		 SYS_exit);
	child = start(path, script);
	is_ready(&child);
	python__discover(child.pid, &py);
	refreshed = python__refresh(child.pid, &py);
	stop(&child);
	CHECK_STATUS(refreshed, PYTHON_FOUND, &py);
	CHECK_INT(py.gils_n, 1);
}

/* An upgrade under a running service: its file is gone, the mapping still leads to it. */
static void file_was_deleted(void)
{
	const char *path = python_path("/usr/bin/python3.11");
	char copy[] = "/tmp/gilprof_python_test_XXXXXX", command[640];
	struct child child;
	struct python py;

	if (!path)
		TAP_SKIP("no statically linked interpreter is installed");
	if (geteuid() != 0)
		TAP_SKIP("map_files is for root");
	CHECK(mkdtemp(copy));
	snprintf(command, sizeof(command), "cp %s %s/python3.11", path, copy);
	CHECK(system(command) == 0);
	snprintf(command, sizeof(command), "%s/python3.11", copy);
	child = start(command, spin);
	is_ready(&child);
	unlink(command);
	rmdir(copy);
	check_spinning(child.pid, "3.11", &py);
	stop(&child);
}

/* A container's files have no name here. */
static struct child start_in_container(const char *root)
{
	struct child child = { .pid = -1, .out = -1 };
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return child;
	child.pid = fork();
	if (child.pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		if (unshare(CLONE_NEWNS) == 0 &&
		    mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		    mount(root, "/mnt", NULL, MS_BIND, NULL) == 0)
			execl("/mnt/bin/python3", "/mnt/bin/python3", "-c", spin, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	child.out = fds[0];
	return child;
}

static void in_another_mount_namespace(void)
{
	const char *path = python_path("3.12.1");
	char root[512];
	struct child child;
	struct python py;

	if (!path)
		TAP_SKIP("no pyenv interpreter is installed");
	if (geteuid() != 0)
		TAP_SKIP("needs root for a mount namespace");
	snprintf(root, sizeof(root), "%.*s", (int)(strstr(path, "/bin/python") - path), path);
	child = start_in_container(root);
	if (is_ready(&child))
		check_spinning(child.pid, "3.12.1", &py);
	else
		tap_skipped = "no mount namespace can be made here";
	stop(&child);
}

/*
 * A 32-bit program that only sleeps, under the name of an interpreter: an ELF header, one segment,
 * and `mov $29, %eax; int $0x80` (pause).
 */
static const unsigned char pause_ia32[] = {
	0x7f,
	'E',
	'L',
	'F',
	1,
	1,
	1,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	2,
	0,
	3,
	0,
	1,
	0,
	0,
	0,
	0x54,
	0x80,
	0x04,
	0x08,
	0x34,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0x34,
	0,
	0x20,
	0,
	1,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	/* program header: */ 1,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0x80,
	0x04,
	0x08,
	0,
	0x80,
	0x04,
	0x08,
	0x5b,
	0,
	0,
	0,
	0x5b,
	0,
	0,
	0,
	5,
	0,
	0,
	0,
	0,
	0x10,
	0,
	0,
	0xb8,
	0x1d,
	0,
	0,
	0,
	0xcd,
	0x80,
};

static void a_32_bit_target(void)
{
	char dir[] = "/tmp/gilprof_python_test_XXXXXX", path[64];
	enum python_status status = PYTHON_NOT;
	struct child child;
	struct python py;
	int fd;

	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/python3.11", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	CHECK(write(fd, pause_ia32, sizeof(pause_ia32)) == sizeof(pause_ia32));
	close(fd);
	child = start(path, "");
	for (int i = 0; i < 200 && status == PYTHON_NOT; i++) {
		usleep(5000);
		status = python__discover(child.pid, &py);
	}
	stop(&child);
	unlink(path);
	rmdir(dir);
	if (status == PYTHON_NOT || status == PYTHON_GONE)
		TAP_SKIP("this kernel does not run 32-bit programs");
	CHECK_STATUS(status, PYTHON_NO_GIL, &py);
	CHECK(strstr(py.note, "32-bit"));
}

int main(void)
{
	TAP_RUN(fork_and_exec);
	TAP_RUN(first_thread_has_ended);
	TAP_RUN(file_was_deleted);
	TAP_RUN(in_another_mount_namespace);
	TAP_RUN(a_32_bit_target);
	return TAP_DONE();
}
