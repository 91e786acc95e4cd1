/* Reports as files (contract in cli/report_file.h). */
#include "cli/report_file.h"
#include "feature/reports.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum err report_file_write(const char *path, const struct buf *text)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	size_t at = 0;

	if (fd < 0)
		return ERR_IO;
	while (at < text->len) {
		ssize_t n = write(fd, text->bytes + at, text->len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	return (close(fd) == 0) && at == text->len ? OK : ERR_IO;
}

enum err report_file_keep(struct reports *all, const char *path)
{
	struct buf pretty BUF_AUTO = buf_new(REPORT_FILE_MAX);
	struct report *report = NULL;
	const struct buf *text = reports_last(all);

	if (text == NULL)
		return ERR_REPORT_NONE;
	enum err err = report_decode(rd_of(text->bytes, text->len), true, &report, NULL);
	if (err == OK) {
		report->edition = REPORT_EDITION_SHELL;
		err = report_encode(report, true, &pretty);
	}
	report_free(report);
	return err == OK ? report_file_write(path, &pretty) : err;
}
