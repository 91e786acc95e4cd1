/* Requests of the browser as plain structs, one for each kind of shared/protocol.md. Used by message.c and the
 * fuzzer. */
#ifndef MESSAGE_DECODE_H
#define MESSAGE_DECODE_H

#include "base/buf.h"
#include "feature/certcheck.h"
#include "feature/clip.h"
#include "feature/download.h"
#include "feature/reports.h"
#include <jansson.h>

#define MESSAGE_PROTOCOL 1
#define MESSAGE_ID_MAX 0x7fffffff

enum request_kind {
	REQUEST_HELLO, REQUEST_CERT_CHECK, REQUEST_HTTPS_CHECK, REQUEST_CERT_FORGET, REQUEST_CIRCUIT_NEW,
	REQUEST_SESSION_WIPE, REQUEST_STATUS, REQUEST_CANCEL, REQUEST_CLIP_CHECK, REQUEST_CLIP_COMPARE,
	REQUEST_DOWNLOAD_FETCH, REQUEST_DOWNLOAD_VERIFY, REQUEST_DOWNLOAD_LOCAL, REQUEST_DOWNLOAD_RETRY, REQUEST_DOWNLOAD_DISCARD,
	REQUEST_DOWNLOAD_KEEP, REQUEST_DOWNLOAD_SHOW, REQUEST_CLASSIFY,
	REQUEST_REPORT_BUILD, REQUEST_REPORT_SEND, REQUEST_KINDS
};

enum edition { EDITION_STANDARD, EDITION_PRIVILEGED };
struct hello_request { uint32_t protocol; char version[33]; enum edition edition; };
struct cancel_request { uint32_t target; };
struct local_request { uint32_t target; uint64_t size; };
struct held_request { uint32_t download; bool is_whole; };

struct request {
	uint32_t id;                /* 0: it could not be read */
	enum request_kind kind;     /* REQUEST_KINDS: unknown */
	union {
		struct hello_request hello;
		struct cert_request check;       /* both questions; offered[] points into chain */
		struct site_key forget;
		struct circuit_request circuit;
		struct cancel_request cancel;
		struct clip_request clip;        /* texts borrow from the JSON tree */
		struct clip_compare compare;     /* family points into chain */
		struct download_request download;   /* url[] points into chain */
		struct local_request local;
		struct held_request held;
		struct download_classify classify;
		struct report_build_request build;
		struct report_send_request report;  /* text borrows from the JSON tree */
	};
	struct buf chain;           /* owned; certificates, a family of addresses, or URLs */
};

/* root is an object. Always fills *out as far as it got, so that an error can be answered under its id; the caller ends
 * it with request_free. Errors: ERR_MSG_ID, ERR_MSG_KIND, ERR_MSG_FIELD (*wrong names it and borrows from root),
 * ERR_MSG_VERSION (a hello of another protocol, whatever else it says), ERR_NOMEM, else OK. */
MUST_USE enum err request_decode(const json_t *root, struct request *out, const char **wrong);
/* Wipes. */
void request_free(struct request *r);
/* Wire name of a kind; "" for REQUEST_KINDS. Static. */
const char *request_kind_name(enum request_kind k);

#endif
