// report_decode: any bytes as a report, sealed (canonical) and as a file. What is taken is written as the same bytes again.
// uses: host/report/report.c host/report/report_decode.c host/report/report_encode.c host/report/jread.c host/base/buf.c host/base/rd.c host/base/err.c host/base/verdict.c
// libs: -lsodium
#include "report/report.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	for (int is_canonical = 0; is_canonical < 2; is_canonical++) {
		struct buf tight BUF_AUTO = buf_new(REPORT_FILE_MAX), pretty BUF_AUTO = buf_new(REPORT_FILE_MAX);
		struct report *r = NULL, *again = NULL;
		char wrong[REPORT_WRONG_MAX];
		enum err err = report_decode(rd_of(bytes, n), is_canonical, &r, wrong);
		if (err != OK) {
			if (r != NULL || (err == ERR_REPORT_FIELD) != (wrong[0] != '\0'))
				abort();
			continue;
		}
		if (report_encode(r, false, &tight) != OK)
			abort();
		if (is_canonical && (tight.len != n || memcmp(tight.bytes, bytes, n) != 0))
			abort();
		/* Through the file's form and back. (One that is full to the limit doesn't fit when indented.) */
		err = report_encode(r, true, &pretty);
		if (err == OK) {
			struct buf same BUF_AUTO = buf_new(REPORT_FILE_MAX);
			if (report_decode(rd_of(pretty.bytes, pretty.len), false, &again, NULL) != OK || report_encode(again, false, &same) != OK ||
			    same.len != tight.len || memcmp(same.bytes, tight.bytes, same.len) != 0)
				abort();
		} else if (err != ERR_TOO_BIG) {
			abort();
		}
		report_free(again);
		report_free(r);
	}
	return 0;
}
