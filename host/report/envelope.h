/* The sealed envelope of a report and the collector's answer (shared/report.md, "Sealed"). Pure functions over bytes;
 * libsodium stays inside. Used by feature/report* (seal, ack_check) and the collector (open, ack_make). */
#ifndef REPORT_ENVELOPE_H
#define REPORT_ENVELOPE_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/rd.h"

#define ENVELOPE_VERSION 1
#define REPORT_KEY_LEN 32         /* X25519 */
#define REPORT_KEY_ID_LEN 8
#define REPORT_SECRET_LEN 32
#define REPORT_HEADER_LEN 16      /* "SXRP", version, three zeros, key id */
#define REPORT_INNER_LEN 36       /* secret, u32 length */
#define REPORT_SEAL_LEN 48        /* crypto_box_SEALBYTES */
/* The canonical text that fits the largest envelope. */
#define REPORT_TEXT_MAX (REPORT_ENVELOPE_MAX - REPORT_HEADER_LEN - REPORT_SEAL_LEN - REPORT_INNER_LEN)
#define REPORT_ANSWER_LEN 40      /* "SXRA", version, status, u16 error number, 32 bytes */

/* The first bytes of BLAKE2b-256 of the public key. */
void report_key_id(const uint8_t key[static REPORT_KEY_LEN], uint8_t id[static REPORT_KEY_ID_LEN]);
/* 64 hexadecimal digits, either case. ERR_REPORT_KEY: anything else, or a key of low order. */
MUST_USE enum err report_key_parse(const char *hex, uint8_t key[static REPORT_KEY_LEN]);

/* What the sender keeps to know the answer by. Wipe it (sodium_memzero) when done. */
struct report_ticket { uint8_t secret[REPORT_SECRET_LEN], digest[32]; };

/* Seals a canonical text to a key; out gets one envelope, a power of two long. Errors: ERR_TOO_BIG (over REPORT_TEXT_MAX),
 * ERR_REPORT_KEY, ERR_NOMEM, those of out. */
MUST_USE enum err report_seal(struct rd text, const uint8_t key[static REPORT_KEY_LEN], struct buf *out,
                              struct report_ticket *ticket);

/* A collector's key pair; rotation: it has two. */
struct report_keys { const uint8_t *pub, *sec; };
/* Opens an envelope with whichever of n keys its key id names. text gets the canonical text (not yet decoded). ticket is
 * there when *has_ticket says so: on OK, and when only what is inside is wrong, so that the refusal can be proved. Errors: ERR_REPORT_ENVELOPE (size, mark, zeros, padding), ERR_REPORT_VERSION, ERR_REPORT_KEY_ID,
 * ERR_REPORT_SEAL, ERR_NOMEM. */
MUST_USE enum err report_open(struct rd envelope, const struct report_keys *keys, size_t n, struct buf *text,
                              struct report_ticket *ticket, bool *has_ticket);

enum report_answer { REPORT_REFUSED, REPORT_STORED, REPORT_KNOWN /* a duplicate of a stored one */ };

/* Writes the answer. ticket NULL: the envelope could not be opened, the answer's proof is zeros (refusals only). why: OK
 * unless REPORT_REFUSED. */
void report_answer_make(const struct report_ticket *ticket, enum report_answer answer, enum err why,
                        uint8_t out[static REPORT_ANSWER_LEN]);
/* Reads it. *answer and *why are written on OK only. is_proved: only the collector could have made it; anything but a refusal
 * must be. ERR_REPORT_ACK: it is not, or it is wrong in form. A refusal without a proof (zeros) is OK with *is_proved false. A
 * number that base/err.h does not know becomes ERR_FORMAT. */
MUST_USE enum err report_answer_read(struct rd in, const struct report_ticket *ticket, enum report_answer *answer,
                                     enum err *why, bool *is_proved);
/* May the same report be taken later? (Rates, storage.) */
bool report_why_passes(enum err why);

#endif
