/* Bytes written with 32 or 64 letters, as addresses do it: without padding, most significant bit first, and in one way
 * only. Used by the address checks. */
#ifndef PARSE_ADDR_BASE32_H
#define PARSE_ADDR_BASE32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 32 letters each, in the order of their values. */
extern const char base32_rfc[33];         /* RFC 4648 section 6, upper case: Stellar, Algorand, NEM, Symbol */
extern const char base32_rfc_lower[33];   /* the same in lower case: Filecoin, Internet Computer, onion */
extern const char base32_nano[33];        /* Nano, Banano */
extern const char base32_c32[33];         /* Crockford's: Stacks */

/* The value of c in an alphabet, or -1. */
int base32_value(const char alphabet[static 33], char c);

/* Decodes n letters to *len bytes in out. False when a letter is foreign, when there is a letter too many, when the last
 * letter's spare bits are not zero, or when more than cap bytes would come out. */
bool base32_decode(const char alphabet[static 33], const char *s, size_t n, uint8_t *out, size_t cap, size_t *len);

/* The same for base64 (RFC 4648 section 4) or, url, base64url (section 5); never both in one text, no padding. */
bool base64_decode(bool url, const char *s, size_t n, uint8_t *out, size_t cap, size_t *len);

/* 2 * len hexadecimal digits, of either case or of both. */
bool base16_decode(const char *s, size_t n, uint8_t *out, size_t cap, size_t *len);

#endif
