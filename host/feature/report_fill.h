/* A mismatch of this session as a report (shared/report.md): what the features' results hold, less what would tell of the user.
 * Never the site at the address bar, nor containers, nor a path, nor any hop of a circuit but its exit. */
#ifndef FEATURE_REPORT_FILL_H
#define FEATURE_REPORT_FILL_H

#include "feature/chains.h"
#include "feature/clip.h"
#include "feature/download.h"
#include "report/report.h"

/* Each fills an empty report but for hour and software; what it points to stays the result's and chains'. False: there is nothing to
 * report: no mismatch, or no exit to name. */
bool report_fill_cert(struct report *r, const struct cert_result *res, const struct chains *chains);
bool report_fill_clip(struct report *r, const struct clip_result *res);
bool report_fill_download(struct report *r, const struct download_result *res);

#endif
