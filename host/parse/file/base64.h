/* Digests written as Base64 (RFC 4648 section 4), as manifests and block maps have them. */
#ifndef PARSE_FILE_BASE64_H
#define PARSE_FILE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exactly n bytes, padded; false for everything else, more than one text for one value included. */
bool base64_take(const char *s, uint8_t *out, size_t n);

#endif
