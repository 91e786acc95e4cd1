/* What the verbs print: text for people, or one JSON object a line. Standard output only; progress and complaints go to
 * standard error. Everything that came from tor, from relays or from a site is cleaned before it reaches a terminal. */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include "priv/netmsg.h"
#include <jansson.h>
#include <stdio.h>

/* Prints one line of compact JSON and releases the tree. NULL (memory was out) prints an error object. */
void out_json(json_t *tree);
/* As json_string, but text that is not UTF-8 or has control characters gets '?' for those bytes; never NULL for a
 * reason of content. */
json_t *out_text(const char *s);
/* {"code","name","text"}, or null for OK. */
json_t *out_err(enum err e);
/* RELAY of shared/protocol.md. */
json_t *out_relay(const struct relay_info *r);

/* Prints s to f with control characters and bytes that are not UTF-8 as '?'. */
void out_clean(FILE *f, const char *s);
/* 40 upper-case hex digits. */
void out_fp(const uint8_t fp[FP_LEN], char out[2 * FP_LEN + 1]);
/* The reverse; any case, with or without '$'. False if not. */
bool out_fp_parse(const char *hex, uint8_t fp[FP_LEN]);

/* "what: text of e", then on a second line what to do about it, to standard error. what may be NULL. */
void out_error(const char *verb, enum err e);
/* What a person can do about e: one line, static; NULL when nothing is known to help. */
const char *out_remedy(enum err e);

#endif
