/* Options of verbs (contract in cli/args.h). */
#include "cli/args.h"

#include <stddef.h>
#include <string.h>

const char *args_value(const char *name, int argc, char **argv, int *i)
{
	size_t n = strlen(name);
	const char *arg = argv[*i];
	if (strncmp(arg, name, n) != 0)
		return NULL;
	if (arg[n] == '=')
		return arg + n + 1;
	if (arg[n])
		return NULL;
	if (*i + 1 >= argc || !argv[*i + 1])
		return "";
	return argv[++*i];
}
