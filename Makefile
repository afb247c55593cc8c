# SPDX-License-Identifier: BSD-2-Clause
# `make help` lists the targets. V=1 shows the commands, WERROR=1 makes warnings errors.

VERSION := 0.1.0
BUILD ?= build
PREFIX ?= /usr/local
MAKEFLAGS += --no-print-directory
JOBS := $(or $(JOBS),$(shell nproc 2>/dev/null || echo 1))
FUZZ_SECONDS ?= 10

# every library gilprof links, by its pkg-config name
LIBS := libbpf >= 1.1 libelf libdw zlib liblzma jansson libcap libprotobuf-c >= 1.3

CLANG ?= clang
PKG_CONFIG ?= pkg-config
PROTOC_C ?= protoc-c
# Debian keeps bpftool in /usr/sbin; Ubuntu's wrapper refuses to run on a kernel whose linux-tools
# package is missing, though any build of the tool will do: take the first that runs, newest first.
BPFTOOL := $(or $(BPFTOOL),$(firstword $(shell for t in bpftool /usr/sbin/bpftool \
	$$(ls -1d /usr/lib/linux-tools*/bpftool /usr/lib/linux-tools/*/bpftool 2>/dev/null | sort -rV); \
	do "$$t" version >/dev/null 2>&1 && echo "$$t"; done) bpftool))

ARCH := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
BPF_ARCH_x86_64 := x86
BPF_ARCH_aarch64 := arm64

lib_cflags := $(shell $(PKG_CONFIG) --cflags '$(LIBS)' 2>/dev/null)
lib_libs := $(shell $(PKG_CONFIG) --libs '$(LIBS)' 2>/dev/null)

WARN := -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wold-style-definition -Wshadow \
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wno-format-nonliteral -Wundef $(if $(WERROR),-Werror)
HARDEN := -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fPIE
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

CFLAGS ?= -O2 -g
# generated headers are system headers, so that nobody's bpftool can break a build with WERROR=1
cflags := -std=gnu11 -D_GNU_SOURCE -DGILPROF_VERSION='"$(VERSION)"' $(WARN) $(lib_cflags) \
	-isystem $(BUILD) -pthread
user_cflags = $(cflags) $(CFLAGS) $(HARDEN) $(CPPFLAGS)
san_cflags = $(cflags) -O1 -g $(SANITIZE) $(CPPFLAGS)
fuzz_cflags = $(cflags) -O1 -g -fsanitize=fuzzer-no-link,address,undefined $(CPPFLAGS)
test_includes := -Iuser -Ibpf -Itests/unit
user_ldflags = -pie -Wl,-z,relro,-z,now -pthread $(LDFLAGS)
bpf_cflags = -O2 -g -target bpf -mcpu=v3 -std=gnu11 -Wall -Wextra -Wno-missing-declarations -Wno-unused-parameter \
	-D__TARGET_ARCH_$(BPF_ARCH_$(1)) -Ibpf -Ivmlinux/$(1) $(lib_cflags) $(if $(WERROR),-Werror)

names = $(basename $(notdir $(wildcard $(1))))
user_src := $(wildcard user/*.c)
protos := $(call names,user/*.proto)
user_obj := $(user_src:%.c=$(BUILD)/%.o) $(protos:%=$(BUILD)/user/%.pb-c.o)
# what tests link: everything but main
san_obj := $(patsubst $(BUILD)/%,$(BUILD)/san/%,$(filter-out %/main.o,$(user_obj)))
fuzz_obj := $(patsubst $(BUILD)/%,$(BUILD)/libfuzzer/%,$(filter-out %/main.o,$(user_obj)))
bpf_arm64 := $(BUILD)/arm64/gilprof.bpf.o
skeleton := $(BUILD)/gilprof.skel.h

unit_tests := $(patsubst %,$(BUILD)/tests/unit/%,$(call names,tests/unit/*_test.c))
bpf_tests := $(patsubst %,$(BUILD)/tests/bpf/%,$(call names,tests/bpf/*_test.c))
fuzz_names := $(call names,tests/fuzz/*_fuzz.c)
replays := $(fuzz_names:%=$(BUILD)/tests/replay/%)
fuzzers := $(fuzz_names:%=$(BUILD)/fuzz/%)
workloads := $(patsubst %,$(BUILD)/workloads/%,$(call names,tests/workloads/*.c))
oracles := $(patsubst %,$(BUILD)/oracle/%,$(filter-out %.bpf,$(call names,tests/oracle/*.c)))
benches := $(patsubst %,$(BUILD)/bench/%,$(filter-out %.bpf,$(call names,tools/bench/*.c)))

c_files := $(wildcard bpf/*.[ch] user/*.[ch] tests/*/*.[ch] tests/workloads/ext/*.[ch] \
	tools/bench/*.[ch])
shell_files := $(wildcard tools/*.sh tests/oracle/*.sh tests/run tests/*.bats tests/*.bash .ci/run)

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s %s\n' $(1) $(2)
endif

# the flags are a prerequisite of every object: with others, or another compiler, it is made anew
flags := $(CC) $(CLANG) $(user_cflags) $(user_ldflags) $(lib_libs) $(BPFTOOL)
ifneq ($(strip $(flags)),$(strip $(file <$(BUILD)/flags)))
.PHONY: $(BUILD)/flags
endif
$(BUILD)/flags:
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(flags))' >$@

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all deps demo test tests check bench bench-peers bench-scaling bench-verdicts install format check-format \
	analyze fuzz bpf-arm64 clean help require-libs

all: $(BUILD)/gilprof ## build build/gilprof (the default)
	@:

help: ## list the targets and variables
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
		awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'
	@echo 'variables: V=1 WERROR=1 CC CLANG BPFTOOL CFLAGS LDFLAGS BUILD PREFIX DESTDIR FUZZ_SECONDS'

deps: ## install what building and testing needs (apt; as root)
	$(Q)tools/deps.sh

# --- gilprof -------------------------------------------------------------------------------------

$(BUILD)/gilprof: $(user_obj)
	$(call say,LINK,$@)
	$(Q)$(CC) $(user_ldflags) -o $@ $(filter %.o,$^) $(lib_libs) -lm

$(BUILD)/user/%.o: user/%.c $(BUILD)/flags | require-libs
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(user_cflags) -MMD -MP -c -o $@ $<

$(BUILD)/san/user/%.o: user/%.c $(BUILD)/flags | require-libs
	$(call say,CC-SAN,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(san_cflags) -MMD -MP -c -o $@ $<

$(BUILD)/libfuzzer/user/%.o: user/%.c $(BUILD)/flags | require-libs
	$(call say,CC-FUZZ,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(fuzz_cflags) -MMD -MP -c -o $@ $<

# what is generated must be there before the first compilation can find out that it is needed
with_variants = $(foreach o,$(1),$(foreach d,user san/user libfuzzer/user,$(BUILD)/$(d)/$(o)))
$(call with_variants,session.o): $(skeleton)
syscall_tables := $(BUILD)/syscall_names.inc \
	$(if $(filter x86_64,$(ARCH)),$(BUILD)/syscall_names_ia32.inc)
$(call with_variants,syscalls.o): $(syscall_tables)
messages := $(protos:%=$(BUILD)/%.pb-c.h)
$(call with_variants,export_pprof.o): $(messages)
texts := $(addprefix $(BUILD)/,$(addsuffix .inc,flame_svg.css flame_svg.js scale_schema.json))
$(call with_variants,export_svg.o report_scale_json.o): $(texts)

require-libs:
	@$(PKG_CONFIG) --print-errors '$(LIBS)' || \
		{ echo 'libraries are missing: run `sudo make deps`' >&2; exit 1; }

# "[NR] = "name"," from the compiler's own headers; arm64 names some calls through __NR3264_*
syscall_names = echo '\#include <asm/$(1)>' | $(CC) -E -dM - | awk ' \
	$$2 ~ /^__NR/ { value[$$2] = $$3 } \
	END { for (n in value) { \
		v = value[n]; if (v in value) v = value[v]; \
		name = n; if (!sub(/^__NR_/, "", name)) continue; \
		if (v ~ /^[0-9]+$$/ && name !~ /^(syscalls|arch_specific_syscall)$$/) \
			printf "[%d] = \"%s\",\n", v, name } }' | sort -t[ -k2n | grep .

$(BUILD)/syscall_names.inc: $(BUILD)/flags Makefile
	$(call say,GEN,$@)
	$(Q)$(call syscall_names,unistd.h) >$@

$(BUILD)/syscall_names_ia32.inc: $(BUILD)/flags Makefile
	$(call say,GEN,$@)
	$(Q)$(call syscall_names,unistd_32.h) >$@

$(BUILD)/%.pb-c.c $(BUILD)/%.pb-c.h: user/%.proto $(BUILD)/flags
	$(call say,PROTOC,$<)
	$(Q)$(PROTOC_C) --proto_path=user --c_out=$(BUILD) $<

# -w: nobody's warnings shall judge what others generate
$(BUILD)/user/%.pb-c.o: $(BUILD)/%.pb-c.c $(BUILD)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(user_cflags) -w -c -o $@ $<

$(BUILD)/san/user/%.pb-c.o: $(BUILD)/%.pb-c.c $(BUILD)/flags
	$(call say,CC-SAN,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(san_cflags) -w -c -o $@ $<

$(BUILD)/libfuzzer/user/%.pb-c.o: $(BUILD)/%.pb-c.c $(BUILD)/flags
	$(call say,CC-FUZZ,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(fuzz_cflags) -w -c -o $@ $<

# NAME.css as the string NAME_css of C
$(texts): $(BUILD)/%.inc: user/% Makefile
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)sed -e 's/["\\]/\\&/g' -e 's/.*/"&\\n"/' -e '1i static const char $(subst .,_,$*)[] =' -e '$$a ;' \
		$< >$@

# --- kernel side ---------------------------------------------------------------------------------

compile_bpf = $(CLANG) $(call bpf_cflags,$(1)) -MMD -MP -c -o $@ $<

$(BUILD)/gilprof.bpf.o: bpf/gilprof.bpf.c $(BUILD)/flags | require-libs
	$(call say,BPF,$<)
	$(Q)$(call compile_bpf,$(ARCH))

# $(1): its name, as C likes it. clang-tidy shall not judge what others generate.
gen_skeleton = { echo '/* NOLINTBEGIN */' && $(BPFTOOL) gen skeleton $< name $(subst -,_,$(1))_bpf && \
	echo '/* NOLINTEND */'; } >$@

$(skeleton): $(BUILD)/gilprof.bpf.o Makefile
	$(call say,SKEL,$@)
	$(Q)$(call gen_skeleton,gilprof)

$(bpf_arm64): bpf/gilprof.bpf.c $(BUILD)/flags | require-libs
	$(call say,BPF-ARM,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(call compile_bpf,aarch64)

bpf-arm64: $(bpf_arm64) ## compile the kernel side for arm64 (a check: nothing runs it here)

# --- tools for tests and benchmarks, with a kernel side of their own where NAME.bpf.c exists -----

# $(1): source directory, $(2): directory below build/
define bpf_tools
$(BUILD)/$(2)/%.bpf.o: $(1)/%.bpf.c $(BUILD)/flags | require-libs
	$$(call say,BPF,$$<)
	$(Q)mkdir -p $$(@D)
	$(Q)$$(call compile_bpf,$(ARCH))

$(BUILD)/$(2)/%.skel.h: $(BUILD)/$(2)/%.bpf.o Makefile
	$$(call say,SKEL,$$@)
	$(Q)$$(call gen_skeleton,$$*)

$(BUILD)/$(2)/%: $(1)/%.c $(BUILD)/flags | require-libs
	$$(call say,CC,$$<)
	$(Q)mkdir -p $$(@D)
	$(Q)$(CC) $$(user_cflags) -isystem $(BUILD)/$(2) $(test_includes) -MMD -MP -o $$@ $$< \
		$(user_ldflags) $(lib_libs) -lm

$(foreach n,$(call names,$(1)/*.bpf.c),$(BUILD)/$(2)/$(n:.bpf=): $(BUILD)/$(2)/$(n:.bpf=).skel.h
)
endef
$(eval $(call bpf_tools,tests/oracle,oracle))
$(eval $(call bpf_tools,tests/workloads,workloads))
$(eval $(call bpf_tools,tools/bench,bench))

# --- tests ---------------------------------------------------------------------------------------

$(BUILD)/tests/unit/%: tests/unit/%.c $(san_obj) $(BUILD)/flags
	$(call say,TEST,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(san_cflags) $(test_includes) -MMD -MP -o $@ $< $(san_obj) $(LDFLAGS) $(lib_libs) -lm

$(BUILD)/tests/bpf/%: tests/bpf/%.c $(BUILD)/flags
	$(call say,TEST,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(san_cflags) $(test_includes) -MMD -MP -o $@ $< $(LDFLAGS) -lm

# a fuzz target that runs the files it is given, with any compiler
$(BUILD)/tests/replay/%: tests/fuzz/%.c tests/fuzz/driver.c $(san_obj) $(BUILD)/flags
	$(call say,TEST,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(san_cflags) $(test_includes) -o $@ $(filter %.c,$^) $(san_obj) $(LDFLAGS) $(lib_libs) -lm

$(BUILD)/fuzz/%: tests/fuzz/%.c $(fuzz_obj) $(BUILD)/flags
	$(call say,FUZZ,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(fuzz_cflags) -fsanitize=fuzzer $(test_includes) -o $@ $< $(fuzz_obj) $(lib_libs) -lm

# the whole program under sanitizers, for tests that need no root
$(BUILD)/san/gilprof: $(san_obj) $(BUILD)/san/user/main.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(SANITIZE) -pthread $(LDFLAGS) -o $@ $(filter %.o,$^) $(lib_libs) -lm

jobs = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS))

tests: $(unit_tests) $(bpf_tests) $(replays) $(workloads) $(oracles) ## build all that tests run
	@:

test: ## run all tests, from unit to end to end (as root); builds and installs what they need
	$(Q)tools/deps.sh
	$(Q)$(MAKE) $(jobs) all tests
	$(Q)BUILD='$(BUILD)' tests/run

check: ## run the tests that need no root, under AddressSanitizer and UBSan
	$(Q)$(MAKE) $(jobs) all tests $(BUILD)/san/gilprof
	$(Q)BUILD='$(BUILD)' tests/run --no-root

fuzz: ## fuzz each parser for FUZZ_SECONDS (default 10)
	$(Q)tools/deps.sh --analyze
	$(Q)$(MAKE) $(jobs) $(fuzzers)
	$(Q)BUILD='$(BUILD)' FUZZ_SECONDS='$(FUZZ_SECONDS)' tests/run --fuzz

bench: ## measure gilprof's own cost (as root)
	$(Q)$(MAKE) $(jobs) all $(benches) $(workloads)
	$(Q)BUILD='$(BUILD)' tools/bench.sh bench

bench-peers: ## measure what other profilers cost, beside gilprof (as root; installs them)
	$(Q)$(MAKE) $(jobs) all
	$(Q)BUILD='$(BUILD)' tools/bench-peers.sh

bench-scaling: ## measure how well other layouts are predicted (as root)
	$(Q)$(MAKE) $(jobs) all
	$(Q)BUILD='$(BUILD)' tools/bench.sh scaling

bench-verdicts: ## see how often RUNS runs (default 10) of the classic cases are judged rightly (as root)
	$(Q)$(MAKE) $(jobs) all $(workloads)
	$(Q)BUILD='$(BUILD)' RUNS='$(RUNS)' tools/bench-verdicts.sh

demo: ## install what is needed, build, and profile a small threaded program (as root)
	$(Q)tools/deps.sh
	$(Q)$(MAKE) $(jobs) all
	$(Q)BUILD='$(BUILD)' tools/demo.sh

# --- source hygiene ------------------------------------------------------------------------------

format: ## format the C sources in place
	$(Q)clang-format -i $(c_files)

check-format: ## say which C sources are not formatted
	$(Q)clang-format --dry-run -Werror $(c_files)

# the kernel side is left to clang's own warnings: the checkers do not know its language
# cppcheck does not know __attribute__((cleanup)) nor arrays of functions; clang's analyzer does
# SC2016: single quotes are what the arguments of sh -c and python3 -c need; SC2153: bats loads files
cppcheck_blind := --suppress=memleak --suppress=resourceLeak --suppress=uninitvar
tidy_src := $(user_src) $(wildcard tests/unit/*.c tests/bpf/*.c tests/fuzz/*.c tests/workloads/*.c) \
	$(filter-out %.bpf.c,$(wildcard tests/oracle/*.c tools/bench/*.c))
skeletons := $(skeleton) $(patsubst tests/oracle/%.bpf.c,$(BUILD)/oracle/%.skel.h,$(wildcard \
	tests/oracle/*.bpf.c)) $(patsubst tools/bench/%.bpf.c,$(BUILD)/bench/%.skel.h,$(wildcard \
	tools/bench/*.bpf.c))

analyze: $(skeletons) $(syscall_tables) $(messages) $(texts) ## lint C, shell scripts and bats files, strictly
	$(Q)tools/deps.sh --analyze
	$(call say,ANALYZE,'$(words $(tidy_src)) C files $(words $(shell_files)) scripts')
	$(Q)status=0; \
	printf '%s\n' $(tidy_src) | xargs -P$(JOBS) -I{} clang-tidy --quiet {} -- $(cflags) \
		-isystem $(BUILD)/oracle -isystem $(BUILD)/bench $(test_includes) || status=1; \
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
		--inline-suppr $(cppcheck_blind) $(test_includes) user tests/unit tests/bpf tests/fuzz || \
		status=1; \
	shellcheck -x -e SC2016,SC2153 $(shell_files) || status=1; \
	exit $$status

# --- install -------------------------------------------------------------------------------------

install: all ## copy gilprof to $(DESTDIR)$(PREFIX)/bin
	install -D -m 0755 $(BUILD)/gilprof $(DESTDIR)$(PREFIX)/bin/gilprof

clean: ## remove what was built
	$(Q)rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
