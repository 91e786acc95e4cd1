/* Zip files: which of the formats that commit to their content it is. An APK's signing block stands before the directory; else the
 * directory tells. */
#include "parse/file/commit.h"

#include "parse/file/commit_zip.h"

enum err commit_zip(struct commit *c)
{
	struct zip_end end;
	enum err err = zip_end_take(c, &end);
	bool is_apk = false;

	if (err != OK)
		return err;
	return commit_apk(c, &end, &is_apk);
}
