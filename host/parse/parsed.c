/* The parse role's work (contract in parsed.h). The order matters for the sandbox: configuration, then the trust roots
 * (files that the user chose to trust), then foreign bytes; after the roots nothing needs to be opened. */
#include "parse/parsed.h"

#include "base/clock.h"
#include "base/log.h"
#include "parse/place.h"
#include "parse/roots.h"
#include "parse/scan.h"
#include "parse/x509.h"
#include <openssl/crypto.h>
#include <stdlib.h>

struct parsed {
	bool is_configured, is_loaded;
	struct parse_config config;
	struct roots *roots;   /* NULL: could not be loaded */
	uint32_t pieces_id;    /* the request that pieces are of */
	struct buf pieces;
};

struct parsed *parsed_new(void)
{
	struct parsed *p = calloc(1, sizeof *p);
	if (p)
		p->pieces = buf_new(CLIP_TEXT_MAX);
	return p;
}

void parsed_free(struct parsed *p)
{
	if (!p)
		return;
	roots_free(p->roots);
	buf_free(&p->pieces);
	free(p);
}

static void parsed_load(struct parsed *p)
{
	if (p->is_loaded)
		return;
	p->is_loaded = true;
	uint64_t start = clock_ms();
	struct parse_roots_r told = { 0 };
	/* openssl.cnf could load engines and turn checks off. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	enum err err = roots_load(&p->config, roots_bundles, &p->roots);
	if (err == OK)
		roots_tell(p->roots, &told);
	log_line("roots: %s, source %u, %u roots, %u ms", err_name(err), told.source, told.n,
	         (unsigned)(clock_ms() - start));
}

static void answer_error(uint16_t *type, struct buf *answer, enum err err)
{
	*type = PARSE_R_ERROR;
	parsemsg_put_error(answer, err);
}

static void parsed_judge(struct parsed *p, struct rd payload, uint16_t *type, struct buf *answer)
{
	struct parse_judge q;
	struct parse_judge_r r;
	enum err err = parsemsg_get_judge(payload, &q);
	if (err != OK) {
		answer_error(type, answer, err);
		return;
	}
	parsed_load(p);
	x509_judge(p->roots, &q, &r);
	*type = PARSE_R_JUDGE;
	parsemsg_put_judge_r(answer, &r);
}

static void parsed_roots(struct parsed *p, struct rd payload, uint16_t *type, struct buf *answer)
{
	struct parse_roots_r told = { 0 };
	if (payload.left) {
		answer_error(type, answer, ERR_FORMAT);
		return;
	}
	parsed_load(p);
	if (p->roots)
		roots_tell(p->roots, &told);
	*type = PARSE_R_ROOTS;
	parsemsg_put_roots_r(answer, &told);
}

/* Pieces of a request that was never sent whole are dropped by the next one's. */
static void parsed_piece(struct parsed *p, const struct frame *f)
{
	if (f->id != p->pieces_id)
		buf_free(&p->pieces);
	p->pieces_id = f->id;
	buf_put(&p->pieces, f->payload.at, f->payload.left);
}

/* What has come for this request; OK, or why not all of it. */
static enum err pieces_of(struct parsed *p, uint32_t id, struct rd *out)
{
	if (id != p->pieces_id)
		buf_free(&p->pieces);
	*out = rd_of(p->pieces.bytes, p->pieces.len);
	return buf_err(&p->pieces);
}

static void parsed_scan(struct parsed *p, const struct frame *f, uint16_t *type, struct buf *answer)
{
	struct parse_scan q;
	struct rd text;
	enum err err = parsemsg_get_scan(f->payload, &q);
	if (err == OK)
		err = pieces_of(p, f->id, &text);
	*type = PARSE_R_SCAN;
	if (err == OK)
		err = scan_text(&q, text, answer);
	buf_free(&p->pieces);
	if (err != OK) {
		buf_free(answer);
		answer_error(type, answer, err);
	}
}

static void parsed_place(struct parsed *p, const struct frame *f, uint16_t *type, struct buf *answer)
{
	struct parse_place q;
	struct rd body;
	enum err err = parsemsg_get_place(f->payload, &q);
	if (err == OK)
		err = pieces_of(p, f->id, &body);
	*type = PARSE_R_PLACE;
	if (err == OK)
		err = place_find(&q, body, answer);
	buf_free(&p->pieces);
	if (err != OK) {
		buf_free(answer);
		answer_error(type, answer, err);
	}
}

enum err parsed_frame(struct parsed *p, const struct frame *f, uint16_t *type, struct buf *answer)
{
	*type = 0;
	if ((f->type == PARSE_CONFIG) == p->is_configured)
		return ERR_BUG;
	switch (f->type) {
	case PARSE_CONFIG:
		p->is_configured = true;
		return parsemsg_get_config(f->payload, &p->config) == OK ? OK : ERR_BUG;
	case PARSE_JUDGE:
		parsed_judge(p, f->payload, type, answer);
		return OK;
	case PARSE_ROOTS:
		parsed_roots(p, f->payload, type, answer);
		return OK;
	case PARSE_PIECE_OF:
		parsed_piece(p, f);
		return OK;
	case PARSE_SCAN:
		parsed_scan(p, f, type, answer);
		return OK;
	case PARSE_PLACE:
		parsed_place(p, f, type, answer);
		return OK;
	default:
		return ERR_BUG;
	}
}
