/* Zip files: which of the formats that commit to their content it is. An APK's signing block stands before the directory; else the
 * directory tells. */
#include "parse/file/commit.h"

#include "parse/file/commit_zip.h"

#include <stdlib.h>

enum err commit_zip(struct commit *c)
{
	struct zip_end end;
	struct zip_entry *entry = NULL;
	size_t n = 0;
	bool is_mine = false;
	enum err err = zip_end_take(c, &end);

	/* Neither Android nor the signers of JARs and XPIs take zip64 as they take the rest. */
	if (err == OK && !end.is_zip64)
		err = commit_apk(c, &end, &is_mine);
	if (err != OK || is_mine)
		return err;
	err = zip_directory_take(c, &end, &entry, &n);
	if (err == OK)
		err = commit_appx(c, &end, entry, n, &is_mine);
	if (err == OK && !is_mine)
		err = end.is_zip64 ? ERR_FORMAT : commit_jar(c, &end, entry, n, &is_mine);
	free(entry);
	return err;
}
