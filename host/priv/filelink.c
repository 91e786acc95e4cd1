/* Main's end of looking into files (contract in filelink.h): a list of tasks in the order they came, a process for each of
 * the first FILE_TASKS_AT_ONCE, and one timer. Processes are freed from the timer, never from their own callbacks. */
#include "priv/filelink.h"

#include "base/clock.h"
#include "base/log.h"
#include "priv/parsemsg.h"
#include "priv/role.h"

#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct task {
	struct task *next;
	struct filelink *link;
	uint32_t id;
	uint16_t type;             /* FILE_CLASSIFY, FILE_COMMIT or FILE_SUMS */
	uint32_t deadline_ms;
	int fd;                    /* until it is handed over; -1 */
	struct file_ask ask;
	struct role *role;         /* NULL while it waits */
	uint64_t due, heard;
	bool is_over;              /* ended or cancelled: only its process is left */
	union { filelink_classed *classed; filelink_committed *committed; filelink_summed *summed; } done;
	void *arg;
};

struct filelink {
	struct event_base *base;
	struct event *timer;
	struct task *first;
	uint32_t last_id;
};

union answered { struct file_class_r class; struct file_commit_r commit; struct file_sums_r sums; };

static void link_timer_cb(evutil_socket_t fd, short what, void *arg);

struct filelink *filelink_new(struct event_base *base)
{
	struct filelink *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->base = base;
	l->timer = evtimer_new(base, link_timer_cb, l);
	if (l->timer == NULL) {
		free(l);
		return NULL;
	}
	return l;
}

static void task_free(struct task *t)
{
	if (t->role != NULL) {
		/* It has nothing to clean up, and may be deep in a file. */
		role_kill(t->role);
		role_free(t->role);
	}
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

void filelink_free(struct filelink *l)
{
	if (l == NULL)
		return;
	for (struct task *t = l->first, *next; t != NULL; t = next) {
		next = t->next;
		task_free(t);
	}
	event_free(l->timer);
	free(l);
}

/* ---- time ---- */

static uint64_t task_due(const struct task *t)
{
	uint64_t silent = t->heard + FILE_SILENCE_MS;
	return t->due < silent ? t->due : silent;
}

static void arm(struct filelink *l)
{
	uint64_t now = clock_ms(), at = UINT64_MAX;
	size_t running = 0;

	for (const struct task *t = l->first; t != NULL; t = t->next) {
		if (t->is_over || (t->role == NULL && running < FILE_TASKS_AT_ONCE))
			at = now;
		else if (t->role != NULL && task_due(t) < at)
			at = task_due(t);
		running += t->role != NULL;
	}
	if (at == UINT64_MAX) {
		(void)evtimer_del(l->timer);
		return;
	}
	uint64_t left = at > now ? at - now : 0;
	const struct timeval tv = { (time_t)(left / 1000), (suseconds_t)(left % 1000 * 1000) };
	(void)evtimer_add(l->timer, &tv);
}

/* Calls back. The task stays in the list until the timer takes it away. r is NULL unless err is OK. */
static void task_end(struct task *t, enum err err, const union answered *r)
{
	if (t->is_over)
		return;
	t->is_over = true;
	arm(t->link);
	if (t->type == FILE_CLASSIFY)
		t->done.classed(t->arg, err, r ? &r->class : NULL);
	else if (t->type == FILE_SUMS)
		t->done.summed(t->arg, err, r ? &r->sums : NULL);
	else
		t->done.committed(t->arg, err, r ? &r->commit : NULL);
}

/* ---- the process ---- */

static enum err task_decode(struct task *t, const struct frame *f, union answered *r, enum err *said)
{
	struct rd in = f->payload;

	switch (f->type) {
	case FILE_R_CLASS:
		return t->type == FILE_CLASSIFY ? filemsg_get_class_r(in, &r->class) : ERR_FORMAT;
	case FILE_R_COMMIT:
		return t->type == FILE_COMMIT ? filemsg_get_commit_r(in, &r->commit) : ERR_FORMAT;
	case FILE_R_SUMS:
		return t->type == FILE_SUMS ? filemsg_get_sums_r(in, &r->sums) : ERR_FORMAT;
	case FILE_R_ERROR:
		return parsemsg_get_error(in, said);
	case FILE_R_ALIVE:
		(void)rd_u64(&in);
		return rd_done(&in) ? OK : ERR_FORMAT;
	default:
		return ERR_FORMAT;
	}
}

static void task_frame_cb(void *arg, const struct frame *f)
{
	struct task *t = arg;
	union answered r;
	enum err said = ERR_BUG;

	if (t->is_over)
		return;
	t->heard = clock_ms();
	if (f->id != t->id || task_decode(t, f, &r, &said) != OK) {
		log_line("file role given up: nonsense in a frame of type %u", f->type);
		task_end(t, ERR_ROLE_DIED, NULL);
	} else if (f->type == FILE_R_ERROR) {
		task_end(t, said, NULL);
	} else if (f->type != FILE_R_ALIVE) {
		task_end(t, OK, &r);
	}
}

static void task_died_cb(void *arg, enum err err)
{
	task_end(arg, err, NULL);
}

static const struct role_ops task_ops = { task_frame_cb, task_died_cb };

static enum err task_start(struct task *t)
{
	struct buf payload BUF_AUTO = buf_new(FRAME_MAX);
	int fd = t->fd;

	filemsg_put_ask(&payload, &t->ask);
	t->role = role_new(t->link->base, "secondexit-file", FILE_CONFIG, NULL, false, &task_ops, t);
	if (t->role == NULL || buf_err(&payload) != OK)
		return ERR_NOMEM;
	t->heard = clock_ms();
	t->due = t->heard + t->deadline_ms;
	t->fd = -1;
	return fd >= 0 ? role_send_fd(t->role, t->type, t->id, &payload, fd) : role_send(t->role, t->type, t->id, &payload);
}

/* From the beginning after each: callbacks may do anything to the list. */
static bool task_step(struct filelink *l)
{
	uint64_t now = clock_ms();
	size_t running = 0;

	for (struct task **at = &l->first; *at != NULL; at = &(*at)->next) {
		struct task *t = *at;
		if (t->is_over) {
			*at = t->next;
			task_free(t);
			return true;
		}
		if (t->role == NULL && running < FILE_TASKS_AT_ONCE) {
			enum err err = task_start(t);
			if (err != OK)
				task_end(t, err, NULL);
			return true;
		}
		if (t->role != NULL && task_due(t) <= now) {
			log_line("file role given up: %s", t->due <= now ? "its time is over" : "silence");
			task_end(t, ERR_TIMEOUT, NULL);
			return true;
		}
		running += t->role != NULL;
	}
	return false;
}

static void link_timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct filelink *l = arg;

	(void)fd, (void)what;
	while (task_step(l))
		continue;
	arm(l);
}

/* ---- requests ---- */

/* Reading it must be able to do no harm, and must come to an end. */
static bool fd_is_fit(int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_ACCMODE) == O_RDONLY && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* Takes fd. The task is in the list on OK. */
static enum err task_new(struct filelink *l, const struct task *like, int fd, uint32_t *id)
{
	struct task **end = &l->first, *t = NULL;
	size_t n = 0;
	enum err err = OK;

	for (; *end != NULL; end = &(*end)->next)
		n += !(*end)->is_over;
	if (fd >= 0 && !fd_is_fit(fd))
		err = ERR_USAGE;
	else if (n >= FILE_TASKS_MAX)
		err = ERR_MSG_BUSY;
	else if ((t = malloc(sizeof *t)) == NULL)
		err = ERR_NOMEM;
	if (err != OK) {
		if (fd >= 0)
			close(fd);
		return err;
	}
	*t = *like;
	t->link = l;
	t->fd = fd;
	t->id = ++l->last_id ? l->last_id : ++l->last_id;
	if (t->deadline_ms == 0)
		t->deadline_ms = FILE_DEADLINE_MS;
	else if (t->deadline_ms > FILE_DEADLINE_MAX_MS)
		t->deadline_ms = FILE_DEADLINE_MAX_MS;
	*end = t;
	if (id != NULL)
		*id = t->id;
	arm(l);
	return OK;
}

enum err filelink_classify(struct filelink *l, const struct file_ask *m, int fd, uint32_t deadline_ms,
                           filelink_classed *done, void *arg, uint32_t *id)
{
	struct task t = { .type = FILE_CLASSIFY, .deadline_ms = deadline_ms, .ask = *m, .done.classed = done, .arg = arg };

	t.ask.has_file = fd >= 0;
	return task_new(l, &t, fd, id);
}

enum err filelink_commit(struct filelink *l, int fd, uint32_t deadline_ms, filelink_committed *done, void *arg, uint32_t *id)
{
	const struct task t = { .type = FILE_COMMIT, .deadline_ms = deadline_ms, .ask = { .has_file = 1, .os = FILE_ON_ANY },
	                        .done.committed = done, .arg = arg };

	return fd < 0 ? ERR_USAGE : task_new(l, &t, fd, id);
}

enum err filelink_sums(struct filelink *l, int fd, uint32_t deadline_ms, filelink_summed *done, void *arg, uint32_t *id)
{
	const struct task t = { .type = FILE_SUMS, .deadline_ms = deadline_ms, .ask = { .has_file = 1, .os = FILE_ON_ANY }, .done.summed = done, .arg = arg };

	return fd < 0 ? ERR_USAGE : task_new(l, &t, fd, id);
}

void filelink_cancel(struct filelink *l, uint32_t id)
{
	for (struct task *t = l->first; t != NULL && id != 0; t = t->next)
		if (t->id == id)
			t->is_over = true;
	arm(l);
}
