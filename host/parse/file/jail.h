/* The file role's own doors, closed before the first foreign byte is read. */
#ifndef PARSE_FILE_JAIL_H
#define PARSE_FILE_JAIL_H

#include <stdbool.h>

/* From here on this process can open no file, make no socket, start no program and no process, and touch no other process: such
 * calls fail with EACCES. False when the kernel does not do that. Also bounds its memory (FILE_MEMORY_MAX) and forbids core files. */
bool jail_enter(void);

#endif
