/* The collector's verbs. Each returns the program's exit status: 0 fine, 1 failed, 2 wrong usage. */
#ifndef COLLECTOR_VERBS_H
#define COLLECTOR_VERBS_H

#include "collector/options.h"

/* argv[0] is the verb's name; options are out of it already. */
int verb_run(const struct options *o, int argc, char **argv);      /* the daemon */
int verb_keygen(const struct options *o, int argc, char **argv);
int verb_list(const struct options *o, int argc, char **argv);
int verb_show(const struct options *o, int argc, char **argv);
int verb_export(const struct options *o, int argc, char **argv);

/* "secondexit-collector VERB: what: text (error n)" to standard error; returns 1. what may be NULL. */
int verb_failed(const char *verb, const char *what, enum err err);
/* The same with a usage line; returns 2. */
int verb_usage(const char *why, const char *what);

#endif
