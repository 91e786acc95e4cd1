/* What the encoders of replies share (message/encode.c, encode_download.c). Private to them. */
#ifndef MESSAGE_ENCODE_IN_H
#define MESSAGE_ENCODE_IN_H

#include "message/encode.h"

json_t *encode_text(const char *s);
json_t *encode_hex(const uint8_t *bytes, size_t n, bool is_upper);   /* at most 32 bytes */
json_t *encode_err(enum err err);                                    /* OK: null */
/* A list of n entries, each made by one call. */
json_t *encode_list(const void *entries, size_t n, json_t *(*encode)(const void *entries, size_t i));
json_t *encode_relay(const struct relay_info *r);
json_t *encode_relay_at(const void *relays, size_t i);
json_t *encode_chance(const void *chances, size_t i);

#endif
