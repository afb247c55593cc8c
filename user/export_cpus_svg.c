// SPDX-License-Identifier: BSD-2-Clause
/*
 * Who ran on which CPU, as one SVG file without script: see user/export.h. What comes from the target is
 * escaped text.
 */
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "export.h"
#include "figure.h"
#include "model_occupancy.h"
#include "text.h"
#include "xml.h"

#define WIDTH 1200
#define LEFT 80	   /* of the bars, */
#define BAR 1000   /* which are this wide: the window, */
#define ROW 26	   /* one in each of these rows, */
#define THICK 22   /* and as high */
#define COLUMN 7.3 /* pixels, of the 12-pixel monospaced fonts of most systems */
#define TOP 76
#define LINE 20 /* of the legend */
#define LEGEND_NAMES 12
#define NAME_COLUMNS 32
#define MOST_ROWS 512
#define MOST_PIECES 40000 /* of all rows; 300 bytes each */
#define FINEST 1000	  /* parts of a bar that are drawn apart */
#define COARSEST 20

/* A part of a CPU's time. */
struct piece {
	const char *class;
	const struct model_process *process; /* NULL: nobody's, or several ones' */
	const struct model_thread *thread;   /* NULL: several */
	size_t threads;			     /* if it is several; 0: their number is not known */
	uint64_t ns;
};

struct picture {
	const struct model *m;
	const struct model_occupancy *o;
	FILE *f;
	uint64_t window, narrow; /* ns; less than that is not drawn apart */
	size_t rows;
	uint32_t y;  /* of the present row */
	uint64_t at; /* ns of the window that it has already */
	int err;
};

static const char style[] = ".cpus text { font: 12px monospace; fill: #222; }\n"
			    ".cpus .title { font-size: 17px; }\n"
			    ".cpus rect { stroke: #fff; stroke-width: 0.5; }\n"
			    ".cpus .in { fill: #000; pointer-events: none; }\n"
			    ".cpus .other { fill: #9a9aa2; }\n"
			    ".cpus .idle { fill: #f0f0f2; }\n"
			    ".cpus .offline { fill: #444; }\n"
			    ".cpus .rest { fill: #cc9; }\n"
			    "@media (prefers-color-scheme: dark) {\n"
			    "	.cpus { background: #1c1c1c; }\n"
			    "	.cpus text { fill: #ddd; }\n"
			    "	.cpus rect { stroke: #1c1c1c; }\n"
			    "	.cpus .idle { fill: #333; }\n"
			    "	.cpus .offline { fill: #000; }\n"
			    "}\n";

/* Names that follow each other differ: the golden angle. */
static unsigned int hue(const struct picture *p, const struct model_process *process)
{
	return (unsigned int)((size_t)(process - p->m->processes) % 4096 * 1375 / 10 % 360 + 30) %
	       360;
}

/* The fill of a process's pieces; its other threads are a little darker. */
static void put_fill(struct picture *p, const struct model_process *process,
		     const struct model_thread *thread)
{
	bool odd = thread && (thread - process->threads) % 2;

	fprintf(p->f, " fill=\"hsl(%u,60%%,%d%%)\"", hue(p, process), odd ? 66 : 74);
}

/* A name from the target in at most `columns` columns; nothing if that is too few. */
static void put_name(struct picture *p, const char *name, size_t columns)
{
	cleanup_free char *escaped = text__escape(name), *cut = NULL;
	int err = escaped ? 0 : -ENOMEM;

	if (escaped && text__width(escaped) <= columns) {
		err = xml__text(escaped, p->f);
	} else if (escaped && columns >= 3) {
		cut = text__fit(escaped, columns);
		err = cut ? xml__text(cut, p->f) : -ENOMEM;
	}
	p->err = p->err ? p->err : err;
}

static void put_process(struct picture *p, const struct model_process *process)
{
	put_name(p, process->process->comm, NAME_COLUMNS);
	fprintf(p->f, " (PID %u)", process->process->pid);
}

static void put_tooltip(struct picture *p, const struct piece *piece)
{
	fputs("<title>", p->f);
	if (piece->thread && piece->thread->row->tid) {
		put_name(p, piece->thread->row->name, NAME_COLUMNS);
		fprintf(p->f, " (TID %u) of ", piece->thread->row->tid);
	} else if (piece->threads) {
		fprintf(p->f, "%zu threads of ", piece->threads);
	}
	if (piece->process)
		put_process(p, piece->process);
	else
		fputs(!strcmp(piece->class, "rest") ? "others of the target" : piece->class, p->f);
	fprintf(p->f, ": %s, %s</title>", figure__time(piece->ns).text,
		figure__percent(model__share(piece->ns, p->window)).text);
}

/* Thousandths of a pixel. Not floating point, so that right edges meet left edges. */
static uint32_t position(const struct picture *p, uint64_t ns)
{
	return (uint32_t)model__scale(BAR * 1000, ns, p->window);
}

/* What fits into it, of the thread's name, or the process's. */
static void put_label(struct picture *p, const struct piece *piece, uint32_t x, uint32_t width)
{
	size_t columns = width > 8000 ? (size_t)((width - 8000) / 1000.0 / COLUMN) : 0;

	if (!piece->process || columns < 3)
		return;
	fprintf(p->f, "<text class=\"in\" x=\"%u.%03u\" dx=\"4\" y=\"%u\">", LEFT + x / 1000,
		x % 1000, p->y + 15);
	put_name(p,
		 piece->thread && piece->thread->row->tid ? piece->thread->row->name
							  : piece->process->process->comm,
		 columns);
	fputs("</text>", p->f);
}

static void put_piece(struct picture *p, const struct piece *piece)
{
	uint32_t left = position(p, p->at), right;

	if (!piece->ns)
		return;
	p->at = model__sum(p->at, piece->ns);
	right = position(p, p->at);
	fprintf(p->f,
		"<g><rect class=\"%s\" x=\"%u.%03u\" y=\"%u\" width=\"%u.%03u\" height=\"%d\" "
		"data-ns=\"%llu\"",
		piece->class, LEFT + left / 1000, left % 1000, p->y, (right - left) / 1000,
		(right - left) % 1000, THICK, (unsigned long long)piece->ns);
	if (piece->process) {
		fprintf(p->f, " data-pid=\"%u\"", piece->process->process->pid);
		put_fill(p, piece->process, piece->thread);
	}
	if (piece->thread && piece->thread->row->tid)
		fprintf(p->f, " data-tid=\"%u\"", piece->thread->row->tid);
	fputs(">", p->f);
	put_tooltip(p, piece);
	fputs("</rect>", p->f);
	put_label(p, piece, left, right - left);
	fputs("</g>\n", p->f);
}

/* One process's: its threads that are wide enough, then the others. What is too narrow goes to *rest. */
static void put_threads(struct picture *p, const struct model_occupant *of, size_t n,
			struct piece *rest)
{
	struct piece others = { .class = "threads", .process = of->process };
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum = model__sum(sum, of[i].ns);
	if (!of->process || sum < p->narrow) {
		rest->ns = model__sum(rest->ns, sum);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct piece one = { "threads", of->process, of[i].thread, 1, of[i].ns };

		if (of[i].ns >= p->narrow) {
			put_piece(p, &one);
			continue;
		}
		others.ns = model__sum(others.ns, of[i].ns);
		others.threads++;
	}
	put_piece(p, &others);
}

static void put_row(struct picture *p, const struct model_occupied *o)
{
	const struct capture_cpu *cpu = o->cpu;
	const struct piece parts[] = { { .class = "other", .ns = cpu->other_ns },
				       { .class = "idle", .ns = cpu->idle_ns },
				       { .class = "offline", .ns = cpu->offline_ns } };
	struct piece rest = { .class = "rest" };
	uint64_t told = 0;
	size_t end;

	fprintf(p->f,
		"<g data-cpu=\"%u\">\n<text x=\"%d\" y=\"%u\" text-anchor=\"end\">CPU %u</text>\n",
		cpu->cpu, LEFT - 8, p->y + 15, cpu->cpu);
	p->at = 0;
	for (size_t i = 0; i < o->occupants_n; i = end) {
		for (end = i;
		     end < o->occupants_n && o->occupants[end].process == o->occupants[i].process;
		     end++)
			told = model__sum(told, o->occupants[end].ns);
		put_threads(p, o->occupants + i, end - i, &rest);
	}
	if (cpu->target_ns > told)
		rest.ns = model__sum(rest.ns, cpu->target_ns - told);
	put_piece(p, &rest);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		put_piece(p, &parts[i]);
	fprintf(p->f, "<text x=\"%d\" y=\"%u\">%s target</text>\n</g>\n", LEFT + BAR + 8, p->y + 15,
		figure__percent(model__share(cpu->target_ns, p->window)).text);
}

/* --- what is around them --- */

struct legend {
	uint32_t x, y;
};

static size_t legend_names(const struct picture *p)
{
	return p->m->processes_n < LEGEND_NAMES ? p->m->processes_n : LEGEND_NAMES;
}

/* How many columns a process takes in the legend. */
static size_t legend_columns(struct picture *p, const struct model_process *process)
{
	cleanup_free char *escaped = text__escape(process->process->comm);
	size_t width = escaped ? text__width(escaped) : 0;

	p->err = p->err || escaped ? p->err : -ENOMEM;
	return (width < NAME_COLUMNS ? width : NAME_COLUMNS) + strlen(" (PID 4294967295)") + 2;
}

/* Moves on by so many columns, to the next line if they find no room. */
static struct legend legend_step(struct legend *l, size_t columns)
{
	uint32_t width = 24 + (uint32_t)(COLUMN * (double)columns);
	struct legend at;

	if (l->x > LEFT && l->x + width > WIDTH) {
		l->x = LEFT;
		l->y += LINE;
	}
	at = *l;
	l->x += width;
	return at;
}

static void put_legend(struct picture *p, struct legend *l)
{
	static const char *const classes[] = { "rest", "other", "idle", "offline" };
	static const char *const words[] = { "others of the target", "other programs", "idle",
					     "off-line" };

	for (size_t i = 0; i < legend_names(p); i++) {
		const struct model_process *process = &p->m->processes[i];
		struct legend at = legend_step(l, legend_columns(p, process));

		fprintf(p->f, "<rect x=\"%u\" y=\"%u\" width=\"12\" height=\"12\"", at.x, at.y);
		put_fill(p, process, NULL);
		fprintf(p->f, "/><text x=\"%u\" y=\"%u\">", at.x + 18, at.y + 10);
		put_process(p, process);
		fputs("</text>\n", p->f);
	}
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		struct legend at = legend_step(l, strlen(words[i]) + 2);

		fprintf(p->f,
			"<rect class=\"%s\" x=\"%u\" y=\"%u\" width=\"12\" height=\"12\"/>"
			"<text x=\"%u\" y=\"%u\">%s</text>\n",
			classes[i], at.x, at.y, at.x + 18, at.y + 10, words[i]);
	}
}

/* The place of the legend's last line. */
static struct legend measure_legend(struct picture *p)
{
	struct legend l = { LEFT, TOP };

	for (size_t i = 0; i < legend_names(p); i++)
		legend_step(&l, legend_columns(p, &p->m->processes[i]));
	for (size_t i = 0; i < 4; i++)
		legend_step(&l, 22);
	return l;
}

static void put_title(struct picture *p)
{
	put_name(p, p->m->capture->info.target, 60);
	fputs(": who ran on which CPU", p->f);
}

static void put_head(struct picture *p, uint32_t height)
{
	fprintf(p->f,
		"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
		"<svg class=\"cpus\" xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" "
		"width=\"%d\" height=\"%u\" viewBox=\"0 0 %d %u\">\n<title>",
		WIDTH, height, WIDTH, height);
	put_title(p);
	fprintf(p->f, "</title>\n<style><![CDATA[\n%s]]></style>\n", style);
	fprintf(p->f, "<text class=\"title\" x=\"50%%\" y=\"24\" text-anchor=\"middle\">");
	put_title(p);
	fprintf(p->f, "</text>\n<text x=\"50%%\" y=\"46\" text-anchor=\"middle\">width: %s, from ",
		figure__time(p->window).text);
	put_name(p, p->m->capture->info.start, 24);
	fprintf(p->f, "; %llu migrations from CPU to CPU", (unsigned long long)p->o->migrations);
	if (p->rows < p->o->cpus_n)
		fprintf(p->f, "; the first %zu of %zu CPUs", p->rows, p->o->cpus_n);
	fputs("</text>\n", p->f);
}

static void put_picture(struct picture *p)
{
	struct legend l = { LEFT, TOP };
	uint32_t top = measure_legend(p).y + 2 * LINE;

	put_head(p, top + (uint32_t)p->rows * ROW + LINE);
	put_legend(p, &l);
	p->y = top;
	for (size_t i = 0; i < p->rows; i++, p->y += ROW)
		put_row(p, &p->o->cpus[i]);
	fputs("</svg>\n", p->f);
}

int export_cpus_svg(const struct model *m, FILE *f)
{
	struct model_occupancy *o = model_occupancy__new(m);
	struct picture p = { .m = m, .o = o, .f = f, .window = m->capture->info.duration_ns };
	uint64_t parts = FINEST;

	if (!o)
		return -errno;
	p.rows = o->cpus_n < MOST_ROWS ? o->cpus_n : MOST_ROWS;
	if (p.rows && MOST_PIECES / p.rows < parts)
		parts = MOST_PIECES / p.rows;
	p.narrow = p.window / (parts < COARSEST ? COARSEST : parts) + 1;
	put_picture(&p);
	model_occupancy__free(o);
	return p.err ? p.err : ferror(f) ? -EIO : 0;
}
