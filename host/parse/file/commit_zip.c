/* Zip files: which of the formats that commit to their content it is. An APK's signing block stands before the directory; else the
 * directory tells. */
#include "parse/file/commit.h"

#include "parse/file/commit_zip.h"

enum err commit_zip(struct commit *c)
{
	struct zip_end end;
	enum err err = zip_end_take(c, &end);
	bool is_mine = false;

	if (err != OK)
		return err;
	err = commit_apk(c, &end, &is_mine);
	if (err == OK && !is_mine)
		err = commit_jar(c, &end, &is_mine);
	return err;
}
