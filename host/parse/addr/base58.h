/* Base58, the number system of most addresses. Used by the address checks. */
#ifndef PARSE_ADDR_BASE58_H
#define PARSE_ADDR_BASE58_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The 58 digits in the order of their values. */
extern const char base58_bitcoin[59];
extern const char base58_ripple[59];

/* Values of base58_bitcoin's digits plus one, 0 for other characters of ASCII. */
extern const uint8_t base58_values[128];

/* Longest text that is decoded: Cardano's Byron addresses and Monero's integrated ones stay below. */
#define BASE58_TEXT_MAX 256
#define BASE58_BYTES_MAX 192

/* Decodes n characters to *len bytes in out; each leading zero digit is a leading zero byte. False when a character is
 * foreign, when n is 0 or over BASE58_TEXT_MAX, or when more than cap bytes come out. Time grows with n squared. */
bool base58_decode(const char alphabet[static 59], const char *s, size_t n, uint8_t *out, size_t cap, size_t *len);

/* Decodes n characters to a number of exactly len bytes, leading zero digits counting for nothing (Monero's blocks). False
 * when it does not fit. */
bool base58_number(const char alphabet[static 59], const char *s, size_t n, uint8_t *out, size_t len);

/* Encodes len bytes; returns the number of characters in out, 0 when they would be more than cap. No NUL. */
size_t base58_encode(const char alphabet[static 59], const uint8_t *in, size_t len, char *out, size_t cap);

/* The value of c, or -1. */
int base58_value(const char alphabet[static 59], char c);

#endif
