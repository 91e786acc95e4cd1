/* A verb's own options that have a value. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

/* The value of `NAME VALUE` or `NAME=VALUE` at argv[*i], which then stands on the last word used; "" when it is missing;
 * NULL when argv[*i] is something else. */
const char *args_value(const char *name, int argc, char **argv, int *i);

#endif
