/* The browser's own root module: libnssckbi.so, a PKCS#11 module without secrets. Called by roots.c alone. */
#ifndef PARSE_NSSCKBI_H
#define PARSE_NSSCKBI_H

#include "parse/roots.h"

/* Loads dir/libnssckbi.so and adds to r every root trusted for TLS servers, with its distrust date, and every
 * explicit distrust entry. ERR_ROOTS_NONE: no such file, can't be loaded, is no PKCS#11 module, fails, or
 * holds no root: then r may hold a part of it and must be thrown away. The library stays mapped.
 * The file is the browser's own and is trusted as the browser itself is. */
MUST_USE enum err nssckbi_read(struct roots *r, const char *dir);

#endif
