/* What main asks of the net role and what it answers. net alone holds sockets to tor (control and SOCKS);
 * it decides nothing: which exits to ask, and what their answers mean, is main's. Requests carry an id
 * chosen by main; every request ends with exactly one reply or NET_R_ERROR of the same id.
 * Each struct has netmsg_put_x / netmsg_get_x in netmsg.c; get refuses trailing bytes. */
#ifndef PRIV_NETMSG_H
#define PRIV_NETMSG_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/rd.h"

enum net_type {
	/* main -> net */
	NET_CONFIG = 1,   /* net_config; first frame, once; no reply */
	NET_FIRST,        /* net_first -> NET_R_FIRST: which circuit carried the browser's connection */
	NET_DRAW,         /* net_draw -> NET_R_DRAW: choose one exit */
	NET_LOOK,         /* net_look -> NET_R_STEP*, NET_R_LOOK: one handshake through one exit */
	NET_CANCEL,       /* no payload; id of the look; its reply is NET_R_LOOK with ERR_CANCELLED */
	NET_CLOSE,        /* net_first -> NET_R_CLOSE: close circuits that carry these credentials */
	NET_EXITS,        /* net_exits -> NET_R_EXIT*, NET_R_END */
	NET_STATUS,       /* -> NET_R_STATUS */
	NET_OPEN,         /* net_look -> NET_R_STEP*, NET_R_OPEN: the same without the handshake; the open stream is handed over.
	                   * NET_CANCEL ends it like a look */
	NET_WARM = 32,    /* net_warm, id 0; no reply: a check begins, circuits may be asked for ahead (engine/warm.h) */
	/* net -> main */
	NET_R_STATE = 64, /* net_state; id 0; unasked, at each change */
	NET_R_NEWNYM,     /* id 0; unasked: SIGNAL NEWNYM was seen (New Identity) */
	NET_R_FIRST, NET_R_DRAW, NET_R_STEP, NET_R_LOOK, NET_R_CLOSE, NET_R_EXIT, NET_R_END, NET_R_STATUS,
	NET_R_ERROR,      /* u32 enum err */
	NET_R_OPEN,       /* net_open_r; when its err is OK, and then only, with the connection as descriptor */
};

enum net_step { STEP_CHOOSING, STEP_BUILDING, STEP_CONNECTING, STEP_HANDSHAKING, STEP_DONE };

/* A relay as people know it. Flags: RELAY_* of engine/relays.h. */
struct relay_info {
	uint8_t fp[FP_LEN];
	char nickname[NICKNAME_MAX];
	char address[46];
	char country[3];          /* upper case, "??" when unknown */
	char family[64];          /* same text for all relays of one family; "" for none */
	uint32_t weight;          /* consensus bandwidth */
	uint16_t flags;
};

/* Where tor is. Empty strings: find it (TOR_CONTROL_PORT and friends, Tor Browser's, the system's). */
struct net_config {
	char control[128];        /* "host:port" or "unix:/path" */
	char socks[128];
	char cookie[256];         /* path */
	char password_file[256];  /* path */
	uint8_t no_mapaddress;    /* tests: act as if MAPADDRESS were refused */
};

/* The browser's connection. With is_exact, username and password are those of the very connection. */
struct net_first {
	char host[HOST_MAX];
	uint16_t port;
	char first_party[HOST_MAX];
	char socks_username[SOCKS_CRED_MAX];   /* "" unknown */
	char socks_password[SOCKS_CRED_MAX];
	uint8_t is_exact;
	uint8_t is_dry;                        /* NET_CLOSE: only count */
};
struct net_path {
	uint32_t circuit;
	uint8_t is_onion;                      /* purpose says onion service: there is no exit */
	uint8_t n;                             /* hops, guard first, exit last */
	struct relay_info hop[HOPS_MAX];
};
/* n = 0: not found (an error of its own is sent only when tor cannot be asked). */
struct net_first_r { uint8_t n; struct net_path path[CANDIDATES_MAX]; };

/* Draw one exit for a port, by bandwidth weight, independent of all indep[], none of not_these[]. */
struct net_draw {
	uint16_t port;
	uint8_t n_indep, n_not;
	uint8_t indep[AVOID_MAX][FP_LEN];
	uint8_t not_these[AVOID_MAX][FP_LEN];
	char country[3];                       /* "" any; else only this country, and only if it qualifies */
	char not_continent_of[3];              /* "" any; else another continent than this country's */
	uint8_t is_ipv6;                       /* target is an IPv6 literal */
	uint8_t left;                          /* exits that are still to be drawn for the same question, this one included; 0 not known */
	uint8_t only[FP_LEN];                  /* zeros: any; else this exit or ERR_EXIT_NONE: is it usable and independent of
	                                        * all indep[]? (main asks so before an exit drawn earlier counts again) */
};
/* The exits that a check may draw. */
struct net_exits {
	uint8_t fp[FP_LEN];                    /* independent of this relay; zeros: all */
	uint16_t port;                         /* whose policy allows it; 0: any */
};
/* So many exits will be drawn for this port in a moment. */
struct net_warm { uint16_t port; uint8_t n; /* at most K_MAX + 1 */ };
/* is_free: MAPADDRESS can't be used for this target or tor; exit is empty, the look chooses by trying. */
struct net_draw_r { uint8_t is_clean, is_free; uint16_t groups; struct relay_info exit; };

struct net_look {
	char host[HOST_MAX];                   /* name or IP literal, as SNI and CONNECT target */
	uint16_t port;
	uint32_t deadline_ms;                  /* from now */
	uint8_t is_free;                       /* fallback: fresh credentials until an exit comes that suits avoid */
	uint8_t is_onion;                      /* NET_OPEN alone: host is an onion service; no exit, no mapping, fresh credentials.
	                                        * deadline_ms: up to ONION_DEADLINE_MAX_MS. exit and avoid have no meaning */
	uint8_t exit[FP_LEN];                  /* else: exactly this exit */
	struct net_draw avoid;                 /* used when is_free */
};
struct net_step_r { uint8_t step; struct relay_info exit; };
struct net_cert { uint32_t len; const uint8_t *der; };   /* borrows the frame (get) or the caller (put) */
struct net_look_r {
	uint32_t err;                          /* enum err; certificates are there when OK, may be there otherwise */
	uint8_t is_signed;                     /* handshake completed: signature verified with the leaf's key */
	uint8_t was_clean;                     /* an existing circuit was used */
	uint16_t tls_version;                  /* 0x0303, 0x0304 */
	char cipher[64], alpn[16];
	uint32_t elapsed_ms;
	struct net_path path;                  /* the circuit that carried it, its last hop checked */
	uint8_t n_certs;
	struct net_cert cert[CHAIN_MAX];       /* leaf first, as sent */
	struct net_cert staple;                /* len 0: none */
};
struct net_open_r {
	uint32_t err;                          /* enum err */
	uint8_t was_clean;                     /* an existing circuit was used */
	uint32_t elapsed_ms;
	struct net_path path;                  /* the circuit that carries it, its last hop checked; n > 0 when OK, unless is_onion */
	uint8_t is_onion;                      /* an onion service's: tor itself vouches for who is at the other end; n = 0 */
};
struct net_close_r { uint16_t circuits, streams; };
struct net_state { uint8_t is_up; uint32_t err; };
struct net_status {
	struct net_state state;
	char tor_version[64], control[128], socks[128], auth[16];
	uint32_t relays, exits;
	uint8_t has_geoip, has_mapaddress, has_streams;
	uint32_t relay_bytes;                  /* memory held for relays */
};

/* Every put appends the struct's bytes; texts must be NUL-terminated and counts within their arrays
 * (anything else is our own bug and asserted). The caller checks buf_err once.
 * Every get reads exactly one struct from in: ERR_FORMAT when bytes are missing or left over, when a text does
 * not fit, a count, enum or boolean is out of range, or a host or port that must be there is not.
 * *out is written on OK only. */
#define NETMSG_TABLE(X) \
	X(relay,   relay_info)  /* NET_R_EXIT */ \
	X(config,  net_config) \
	X(first,   net_first)   /* NET_FIRST, NET_CLOSE */ \
	X(first_r, net_first_r) \
	X(draw,    net_draw) \
	X(draw_r,  net_draw_r) \
	X(look,    net_look)    /* avoid goes over only when is_free; else it comes out as zeros */ \
	X(step_r,  net_step_r) \
	X(look_r,  net_look_r)  /* get: certificates and staple borrow the frame's bytes */ \
	X(close_r, net_close_r) \
	X(state,   net_state) \
	X(status,  net_status) \
	X(warm,    net_warm) \
	X(exits,   net_exits) \
	X(open_r,  net_open_r)
#define NETMSG_DECLARE(name, type) \
	void netmsg_put_##name(struct buf *b, const struct type *m); \
	MUST_USE enum err netmsg_get_##name(struct rd in, struct type *out);
NETMSG_TABLE(NETMSG_DECLARE)
#undef NETMSG_DECLARE

/* NET_R_ERROR, PARSE_R_ERROR. Never OK: get refuses 0 and numbers that base/err.h does not know. */
void netmsg_put_error(struct buf *b, enum err e);
MUST_USE enum err netmsg_get_error(struct rd in, enum err *out);

#endif
