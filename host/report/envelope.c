/* Sealing and opening (contract in report/envelope.h). */
#include "report/envelope.h"
#include <sodium.h>
#include <string.h>

_Static_assert(REPORT_KEY_LEN == crypto_box_PUBLICKEYBYTES && REPORT_SEAL_LEN == crypto_box_SEALBYTES, "libsodium's box");
_Static_assert((REPORT_ENVELOPE_MIN & (REPORT_ENVELOPE_MIN - 1)) == 0 && (REPORT_ENVELOPE_MAX & (REPORT_ENVELOPE_MAX - 1)) == 0,
               "powers of two");

static const uint8_t envelope_mark[4] = "SXRP", answer_mark[4] = "SXRA";
static const uint8_t zeros[3] = { 0 };
static const char answer_purpose[] = "secondexit report answer 1";

#define PROOF_LEN 32

void report_key_id(const uint8_t key[static REPORT_KEY_LEN], uint8_t id[static REPORT_KEY_ID_LEN])
{
	uint8_t hash[32];

	(void)crypto_generichash(hash, sizeof hash, key, REPORT_KEY_LEN, NULL, 0);
	memcpy(id, hash, REPORT_KEY_ID_LEN);
}

/* Sealing to a key of low order seals to everybody: libsodium refuses the multiplication. */
static bool key_is_usable(const uint8_t key[static REPORT_KEY_LEN])
{
	uint8_t any[crypto_scalarmult_SCALARBYTES], shared[crypto_scalarmult_BYTES];

	randombytes_buf(any, sizeof any);
	bool usable = crypto_scalarmult(shared, any, key) == 0;
	sodium_memzero(any, sizeof any);
	sodium_memzero(shared, sizeof shared);
	return usable;
}

enum err report_key_parse(const char *hex, uint8_t key[static REPORT_KEY_LEN])
{
	uint8_t bytes[REPORT_KEY_LEN];
	size_t n;

	if (strlen(hex) != 2 * REPORT_KEY_LEN ||
	    sodium_hex2bin(bytes, sizeof bytes, hex, 2 * REPORT_KEY_LEN, NULL, &n, NULL) != 0 || n != sizeof bytes)
		return ERR_REPORT_KEY;
	if (!key_is_usable(bytes))
		return ERR_REPORT_KEY;
	memcpy(key, bytes, sizeof bytes);
	return OK;
}

static void digest_of(struct rd envelope, uint8_t out[static 32])
{
	(void)crypto_generichash(out, 32, envelope.at, envelope.left, NULL, 0);
}

enum err report_seal(struct rd text, const uint8_t key[static REPORT_KEY_LEN], struct buf *out, struct report_ticket *ticket)
{
	size_t size = REPORT_ENVELOPE_MIN;
	uint8_t id[REPORT_KEY_ID_LEN];
	struct report_ticket t;

	if (text.bad || text.left > REPORT_TEXT_MAX)
		return ERR_TOO_BIG;
	while (size < REPORT_HEADER_LEN + REPORT_SEAL_LEN + REPORT_INNER_LEN + text.left)
		size *= 2;
	const size_t inner = size - REPORT_HEADER_LEN - REPORT_SEAL_LEN;
	uint8_t *plain = sodium_malloc(inner), *sealed = sodium_malloc(inner + REPORT_SEAL_LEN);
	enum err err = plain == NULL || sealed == NULL ? ERR_NOMEM : OK;
	if (err == OK) {
		randombytes_buf(t.secret, sizeof t.secret);
		struct buf b BUF_AUTO = buf_new(inner);
		buf_put(&b, t.secret, sizeof t.secret);
		buf_u32(&b, (uint32_t)text.left);
		buf_put(&b, text.at, text.left);
		err = buf_err(&b);
		if (err == OK) {
			memset(plain, 0, inner);
			memcpy(plain, b.bytes, b.len);
			if (crypto_box_seal(sealed, plain, inner, key) != 0)
				err = ERR_REPORT_KEY;
		}
	}
	if (err == OK) {
		const size_t from = out->len;
		report_key_id(key, id);
		buf_put(out, envelope_mark, sizeof envelope_mark);
		buf_u8(out, ENVELOPE_VERSION);
		buf_put(out, zeros, sizeof zeros);
		buf_put(out, id, sizeof id);
		buf_put(out, sealed, inner + REPORT_SEAL_LEN);
		err = buf_err(out);
		if (err == OK) {
			digest_of(rd_of(out->bytes + from, size), t.digest);
			*ticket = t;
		}
	}
	sodium_memzero(&t, sizeof t);
	sodium_free(plain);
	sodium_free(sealed);
	return err;
}

static bool size_is_right(size_t n)
{
	return n >= REPORT_ENVELOPE_MIN && n <= REPORT_ENVELOPE_MAX && (n & (n - 1)) == 0;
}

/* Secret, length, text, zeros: size is the smallest that fits, so that there is one envelope length for each text. */
static enum err inner_take(struct rd inner, size_t size, struct buf *text)
{
	uint8_t rest = 0;

	(void)rd_take(&inner, REPORT_SECRET_LEN);
	struct rd body = rd_blob(&inner, REPORT_TEXT_MAX);
	if (body.bad || inner.bad)
		return ERR_REPORT_ENVELOPE;
	if (size > REPORT_ENVELOPE_MIN && REPORT_HEADER_LEN + REPORT_SEAL_LEN + REPORT_INNER_LEN + body.left <= size / 2)
		return ERR_REPORT_ENVELOPE;
	for (size_t i = 0; i < inner.left; i++)
		rest |= inner.at[i];
	if (rest != 0)
		return ERR_REPORT_ENVELOPE;
	buf_put(text, body.at, body.left);
	return buf_err(text);
}

enum err report_open(struct rd envelope, const struct report_keys *keys, size_t n, struct buf *text, struct report_ticket *ticket,
                     bool *has_ticket)
{
	const struct rd whole = envelope;
	uint8_t mark[4], none[3], id[REPORT_KEY_ID_LEN], mine[REPORT_KEY_ID_LEN];
	const struct report_keys *with = NULL;

	*has_ticket = false;
	if (envelope.bad || !size_is_right(envelope.left))
		return ERR_REPORT_ENVELOPE;
	rd_copy(&envelope, mark, sizeof mark);
	if (memcmp(mark, envelope_mark, sizeof mark) != 0)
		return ERR_REPORT_ENVELOPE;
	if (rd_u8(&envelope) != ENVELOPE_VERSION)
		return ERR_REPORT_VERSION;
	rd_copy(&envelope, none, sizeof none);
	if (memcmp(none, zeros, sizeof none) != 0)
		return ERR_REPORT_ENVELOPE;
	rd_copy(&envelope, id, sizeof id);
	for (size_t i = 0; i < n && with == NULL; i++) {
		report_key_id(keys[i].pub, mine);
		if (memcmp(mine, id, sizeof id) == 0)
			with = &keys[i];
	}
	if (with == NULL)
		return ERR_REPORT_KEY_ID;

	const size_t inner = envelope.left - REPORT_SEAL_LEN;
	uint8_t *plain = sodium_malloc(inner);
	if (plain == NULL)
		return ERR_NOMEM;
	enum err err = ERR_REPORT_SEAL;
	if (crypto_box_seal_open(plain, envelope.at, envelope.left, with->pub, with->sec) == 0) {
		memcpy(ticket->secret, plain, sizeof ticket->secret);
		digest_of(whole, ticket->digest);
		*has_ticket = true;
		err = inner_take(rd_of(plain, inner), whole.left, text);
	}
	sodium_free(plain);
	return err;
}

static void proof_make(const struct report_ticket *t, uint8_t answer, uint16_t number, uint8_t out[static PROOF_LEN])
{
	const uint8_t said[3] = { answer, (uint8_t)(number >> 8), (uint8_t)number };
	crypto_generichash_state state;

	(void)crypto_generichash_init(&state, t->secret, sizeof t->secret, PROOF_LEN);
	(void)crypto_generichash_update(&state, (const uint8_t *)answer_purpose, sizeof answer_purpose - 1);
	(void)crypto_generichash_update(&state, said, sizeof said);
	(void)crypto_generichash_update(&state, t->digest, sizeof t->digest);
	(void)crypto_generichash_final(&state, out, PROOF_LEN);
	sodium_memzero(&state, sizeof state);
}

void report_answer_make(const struct report_ticket *ticket, enum report_answer answer, enum err why,
                        uint8_t out[static REPORT_ANSWER_LEN])
{
	const uint16_t number = answer == REPORT_REFUSED ? (uint16_t)why : 0;

	memcpy(out, answer_mark, sizeof answer_mark);
	out[4] = ENVELOPE_VERSION;
	out[5] = (uint8_t)answer;
	out[6] = (uint8_t)(number >> 8);
	out[7] = (uint8_t)number;
	if (ticket != NULL)
		proof_make(ticket, out[5], number, out + 8);
	else
		memset(out + 8, 0, PROOF_LEN);
}

enum err report_answer_read(struct rd in, const struct report_ticket *ticket, enum report_answer *answer, enum err *why,
                            bool *is_proved)
{
	uint8_t mark[4], proof[PROOF_LEN], right[PROOF_LEN];

	rd_copy(&in, mark, sizeof mark);
	const uint8_t version = rd_u8(&in), said = rd_u8(&in);
	const uint16_t number = rd_u16(&in);
	rd_copy(&in, proof, sizeof proof);
	if (!rd_done(&in) || memcmp(mark, answer_mark, sizeof mark) != 0 || version != ENVELOPE_VERSION || said > REPORT_KNOWN)
		return ERR_REPORT_ACK;
	if ((said == REPORT_REFUSED) != (number != 0))
		return ERR_REPORT_ACK;
	proof_make(ticket, said, number, right);
	const bool proved = sodium_memcmp(proof, right, sizeof proof) == 0;
	/* Anything but this very proof or none at all is a lie. */
	if (!proved && (said != REPORT_REFUSED || !sodium_is_zero(proof, sizeof proof)))
		return ERR_REPORT_ACK;
	*answer = (enum report_answer)said;
	*why = number == 0 || err_is_known(number) ? (enum err)number : ERR_FORMAT;
	*is_proved = proved;
	return OK;
}

bool report_why_passes(enum err why)
{
	return why == ERR_REPORT_RATE || why == ERR_REPORT_RELAY_RATE || why == ERR_REPORT_STORE || why == ERR_NOMEM;
}
