/* Kinds of zip files that commit to their content (commit_zip.c). Each: *is_mine false and OK when the file is of another kind. entry: the
 * directory by offset; borrowed. */
#ifndef PARSE_FILE_COMMIT_ZIP_H
#define PARSE_FILE_COMMIT_ZIP_H

#include "parse/file/zip.h"

MUST_USE enum err commit_apk(struct commit *c, const struct zip_end *end, bool *is_mine);
MUST_USE enum err commit_appx(struct commit *c, const struct zip_end *end, const struct zip_entry *entry, size_t n, bool *is_mine);
MUST_USE enum err commit_jar(struct commit *c, const struct zip_end *end, const struct zip_entry *entry, size_t n, bool *is_mine);

#endif
