/* torbrowser-launcher's AppArmor profile (contract in cli/apparmor.h). Which profiles are loaded only root may read; that
 * AppArmor is on, and that the profile is installed and not disabled, everybody may. */
#include "cli/apparmor.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROFILE "torbrowser.Browser.firefox"

static FILE *open_below(const char *root, const char *path)
{
	char full[1024];
	int n = snprintf(full, sizeof full, "%s%s", root, path);
	return n > 0 && (size_t)n < sizeof full ? fopen(full, "re") : NULL;
}

static bool exists_below(const char *root, const char *path)
{
	char full[1024];
	int n = snprintf(full, sizeof full, "%s%s", root, path);
	return n > 0 && (size_t)n < sizeof full && access(full, F_OK) == 0;
}

static bool names(FILE *f, const char *program)
{
	char line[2048];
	while (fgets(line, sizeof line, f)) {
		const char *text = line + strspn(line, " \t");
		if (*text != '#' && strstr(text, program))
			return true;
	}
	return false;
}

bool apparmor_denies(const char *root, const char *program)
{
	FILE *f = open_below(root, "/sys/module/apparmor/parameters/enabled");
	if (!f)
		return false;
	bool is_on = fgetc(f) == 'Y';
	fclose(f);
	if (!is_on || !exists_below(root, "/etc/apparmor.d/" PROFILE) ||
	    exists_below(root, "/etc/apparmor.d/disable/" PROFILE))
		return false;
	f = open_below(root, "/etc/apparmor.d/local/" PROFILE);
	if (!f)
		return true;
	bool is_allowed = names(f, program);
	fclose(f);
	return !is_allowed;
}
