/* What report.c, report_decode.c and report_encode.c share: the names of members in their order (shared/report.md), and of
 * their values. Private to report/. */
#ifndef REPORT_REPORT_IN_H
#define REPORT_REPORT_IN_H

#include "report/report.h"

extern const char *const report_members[], *const report_exit_members[], *const report_seen_members[],
	*const report_range_members[], *const report_software_members[];
extern const char *const report_kinds[REPORT_KINDS], *const report_statuses[REPORT_STATUSES];
/* Indexed by their enums; NULL for "left out". */
extern const char *const report_sources[3], *const report_agreements[4], *const report_editions[4], *const report_rootses[4];

/* May an exit show this in a report of this kind? */
bool report_status_fits(enum report_kind kind, enum report_status status);
/* "2026-11-28T03:00Z" and back, for years 2000 to 2099. False: no such hour. */
#define REPORT_TIME_LEN 17
bool report_hour_read(const char *text, uint32_t *hour);
bool report_hour_write(uint32_t hour, char text[static REPORT_TIME_LEN + 1]);

#endif
