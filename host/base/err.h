/* Every error of the host, in one table: name, number, class, text for a person.
 * The number goes over native messaging and onto the terminal and never changes its meaning.
 * An error is not a verdict: whatever goes wrong ends as "could not decide" (base/verdict.h).
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

/* PEER: somebody sent us something wrong. LOCAL: this machine or its tor lacks something.
 * LIMIT: a bound of base/limits.h was met. BUG: our own fault. */
enum err_class { ERR_CLASS_NONE, ERR_CLASS_PEER, ERR_CLASS_LOCAL, ERR_CLASS_LIMIT, ERR_CLASS_BUG };

#define ERR_TABLE(X) \
	/* 1xxx: generic */ \
	X(ERR_NOMEM,            1001, LOCAL, "out of memory") \
	X(ERR_IO,               1002, LOCAL, "reading or writing failed") \
	X(ERR_FORMAT,           1003, PEER,  "malformed bytes") \
	X(ERR_TOO_BIG,          1004, LIMIT, "larger than the limit allows") \
	X(ERR_TIMEOUT,          1005, PEER,  "no answer in time") \
	X(ERR_CANCELLED,        1006, LOCAL, "cancelled") \
	X(ERR_CLOSED,           1007, PEER,  "the other side closed the connection") \
	X(ERR_BUG,              1008, BUG,   "internal error") \
	X(ERR_USAGE,            1009, LOCAL, "wrong usage") \
	X(ERR_ROLE_DIED,        1010, LOCAL, "an inner process of the host ended unexpectedly") \
	/* 11xx: messages from the browser */ \
	X(ERR_MSG_TOO_BIG,      1101, LIMIT, "message larger than the host accepts") \
	X(ERR_MSG_JSON,         1102, PEER,  "message is not valid JSON") \
	X(ERR_MSG_KIND,         1103, PEER,  "unknown kind of message") \
	X(ERR_MSG_FIELD,        1104, PEER,  "a field is missing, unknown, or of the wrong type") \
	X(ERR_MSG_ID,           1105, PEER,  "request id missing, or already in use") \
	X(ERR_MSG_HELLO,        1106, PEER,  "hello must come first, and once") \
	X(ERR_MSG_VERSION,      1107, PEER,  "host and extension speak different protocol versions") \
	X(ERR_MSG_BUSY,         1108, LIMIT, "too many requests at once") \
	/* 12xx: tor and its control port */ \
	X(ERR_TOR_ABSENT,       1201, LOCAL, "no tor control port found") \
	X(ERR_TOR_REFUSED,      1202, LOCAL, "the control port refused the connection") \
	X(ERR_TOR_AUTH,         1203, LOCAL, "the control port refused our authentication") \
	X(ERR_TOR_AUTH_SERVER,  1204, PEER,  "the control port could not prove that it knows the cookie") \
	X(ERR_TOR_REPLY,        1205, PEER,  "tor gave a reply that could not be understood") \
	X(ERR_TOR_COMMAND,      1206, PEER,  "tor refused a command") \
	X(ERR_TOR_LOST,         1207, LOCAL, "the connection to tor was lost") \
	X(ERR_TOR_BOOTSTRAP,    1208, LOCAL, "tor does not know enough relays yet") \
	X(ERR_TOR_FILTERED,     1209, LOCAL, "the control port is filtered: stream events are refused") \
	X(ERR_TOR_VERSION,      1210, LOCAL, "this tor is too old") \
	/* 13xx: exits and circuits */ \
	X(ERR_EXIT_NONE,        1301, LOCAL, "no exit that is independent of the first one is left") \
	X(ERR_EXIT_WRONG,       1302, PEER,  "the circuit ended in another exit than the one asked for") \
	X(ERR_EXIT_UNKNOWN,     1303, LOCAL, "no such relay in the consensus") \
	X(ERR_EXIT_POLICY,      1304, PEER,  "the exit refuses this port") \
	X(ERR_FIRST_UNKNOWN,    1305, LOCAL, "the browser's own circuit could not be found") \
	X(ERR_CIRCUIT,          1306, PEER,  "the circuit could not be built, or broke") \
	X(ERR_EXIT_LITERAL,     1307, PEER,  "tor can't be told which exit to take to an IPv6 address, so the first exit could not be asked again") \
	/* 14xx: SOCKS and TLS */ \
	X(ERR_SOCKS_REFUSED,    1401, LOCAL, "the SOCKS port refused the connection") \
	X(ERR_SOCKS_PROTOCOL,   1402, PEER,  "the SOCKS port answered nonsense") \
	X(ERR_SOCKS_GENERAL,    1403, PEER,  "tor could not open the stream") \
	X(ERR_SOCKS_RULESET,    1404, PEER,  "not allowed by the exit's rules") \
	X(ERR_SOCKS_NET,        1405, PEER,  "network unreachable from the exit") \
	X(ERR_SOCKS_HOST,       1406, PEER,  "host unreachable, or its name does not exist") \
	X(ERR_SOCKS_CONN,       1407, PEER,  "the exit could not connect to the site") \
	X(ERR_SOCKS_TTL,        1408, PEER,  "the exit's connection timed out") \
	X(ERR_SOCKS_ONION,      1409, PEER,  "onion service error") \
	X(ERR_TLS_ALERT,        1411, PEER,  "the site ended the TLS handshake with an alert") \
	X(ERR_TLS_PROTOCOL,     1412, PEER,  "the answer is not TLS") \
	X(ERR_TLS_NO_CERT,      1413, PEER,  "the handshake brought no certificate") \
	X(ERR_TLS_SIGNATURE,    1414, PEER,  "the handshake's signature is wrong") \
	X(ERR_TLS_VERSION,      1415, PEER,  "the site speaks no TLS version or cipher that the browser speaks") \
	X(ERR_TARGET_PRIVATE,   1421, LOCAL, "private, local or onion addresses are not looked at through exits") \
	X(ERR_TARGET_NAME,      1422, PEER,  "not a host name") \
	X(ERR_SOCKS_COMMAND,    1431, LOCAL, "the SOCKS port does not know the command") \
	X(ERR_SOCKS_ADDRESS,    1432, LOCAL, "the SOCKS port does not know this kind of address") \
	X(ERR_SOCKS_AUTH,       1433, LOCAL, "the SOCKS port refused our user name and password") \
	X(ERR_ONION_NOT_FOUND,  1440, PEER,  "onion service: its descriptor was not found") \
	X(ERR_ONION_INVALID,    1441, PEER,  "onion service: its descriptor is invalid") \
	X(ERR_ONION_INTRO,      1442, PEER,  "onion service: the introduction failed") \
	X(ERR_ONION_REND,       1443, PEER,  "onion service: the rendezvous failed") \
	X(ERR_ONION_NEEDS_AUTH, 1444, PEER,  "onion service: it wants client authorization") \
	X(ERR_ONION_BAD_AUTH,   1445, PEER,  "onion service: it refused the client authorization") \
	X(ERR_ONION_ADDRESS,    1446, PEER,  "onion service: not a valid address") \
	X(ERR_ONION_TIMEOUT,    1447, PEER,  "onion service: the introduction timed out") \
	/* 15xx: trust roots, certificates */ \
	X(ERR_ROOTS_NONE,       1501, LOCAL, "no trust roots found") \
	X(ERR_X509,             1502, PEER,  "malformed certificate") \
	/* 16xx: HTTP */ \
	X(ERR_HTTP_URL,         1601, PEER,  "not an http or https address that can be fetched") \
	X(ERR_HTTP_REQUEST,     1602, BUG,   "a header line that is not sent") \
	X(ERR_HTTP_PROTOCOL,    1603, PEER,  "the answer is not HTTP, or broken HTTP") \
	X(ERR_HTTP_HEADERS,     1604, LIMIT, "the answer has more header bytes than the limit allows") \
	X(ERR_HTTP_BODY,        1605, LIMIT, "the answer is larger than the limit allows") \
	X(ERR_HTTP_SHORT,       1606, PEER,  "the answer ended before its announced end") \
	X(ERR_HTTP_ENCODING,    1607, PEER,  "the answer's compression is unknown or broken") \
	X(ERR_HTTP_STALLED,     1608, PEER,  "the answer stopped in the middle") \
	X(ERR_HTTP_STATUS,      1621, PEER,  "the site answered with an error instead of the page") \
	X(ERR_HTTP_REDIRECTS,   1622, PEER,  "too many redirects, or one that leads nowhere") \
	X(ERR_PAGE_FORMAT,      1623, PEER,  "the page is of a kind or encoding that can't be compared") \
	/* 17xx: downloads */ \
	X(ERR_DL_PATH,          1701, LOCAL, "not a file or folder that can be used for a download") \
	X(ERR_DL_DISK,          1702, LOCAL, "the disk is full, or the file could not be written") \
	X(ERR_DL_CHANGED,       1703, LOCAL, "the file changed while it was compared") \
	X(ERR_DL_UNKNOWN,       1704, LOCAL, "no such download is held") \
	X(ERR_DL_RANGES,        1705, PEER,  "the site gave other parts of the file than it was asked for") \
	X(ERR_DL_ENTITY,        1706, PEER,  "the site gave another version of the file") \
	X(ERR_DL_CLASS,         1707, LOCAL, "files can't be classified yet") \
	/* 18xx: reports of bad relays; the collector's answers carry these numbers too (shared/report.md) */ \
	X(ERR_REPORT_JSON,      1801, PEER,  "the report is not JSON of the expected form") \
	X(ERR_REPORT_FIELD,     1802, PEER,  "a field of the report is missing, unknown, out of order or out of bounds") \
	X(ERR_REPORT_VERSION,   1803, PEER,  "a report or envelope of another version") \
	X(ERR_REPORT_ENVELOPE,  1804, PEER,  "not a sealed report") \
	X(ERR_REPORT_KEY_ID,    1805, PEER,  "the report is sealed to a key that the collector does not have") \
	X(ERR_REPORT_SEAL,      1806, PEER,  "the sealed report can't be opened") \
	X(ERR_REPORT_TARGET,    1808, PEER,  "the report names a private or local address, an onion service, or a host that must not be asked") \
	X(ERR_REPORT_TIME,      1809, PEER,  "the report's time is in the future or too long ago") \
	X(ERR_REPORT_RELAY,     1810, PEER,  "the report accuses a relay that the collector does not know as an exit") \
	X(ERR_REPORT_RATE,      1811, LIMIT, "the collector takes no more reports at the moment") \
	X(ERR_REPORT_RELAY_RATE, 1812, LIMIT, "the collector takes no more reports about this relay at the moment") \
	X(ERR_REPORT_STORE,     1813, LOCAL, "the collector could not store the report") \
	X(ERR_REPORT_ACK,       1814, PEER,  "the answer is no acknowledgement that only the collector could have made") \
	X(ERR_REPORT_KEY,       1815, LOCAL, "not the public key of a collector") \
	X(ERR_REPORT_ONION,     1816, LOCAL, "not the address of an onion service (version 3)") \
	X(ERR_REPORT_NONE,      1817, LOCAL, "there is no mismatch of this session to report") \
	/* 19xx: the collector */ \
	X(ERR_STORE,            1901, LOCAL, "the store refused what it was asked") \
	X(ERR_STORE_BUSY,       1902, LOCAL, "the store is locked, or can't be reached") \
	X(ERR_STORE_FULL,       1903, LOCAL, "the store's disk is full") \
	X(ERR_STORE_CORRUPT,    1904, LOCAL, "the store is damaged, or no store") \
	X(ERR_STORE_VERSION,    1905, LOCAL, "the store was made by a newer version of the collector") \
	X(ERR_KEY_FILE,         1911, LOCAL, "the key file is missing, or is none") \
	X(ERR_KEY_UNSAFE,       1912, LOCAL, "the key file can be read or replaced by others, or is a link") \
	X(ERR_KEY_EXISTS,       1913, LOCAL, "the key file is there already") \
	X(ERR_LIST_FILE,        1914, LOCAL, "a line of the operator's file can't be understood") \
	X(ERR_DOOR_REQUEST,     1921, PEER,  "nothing of that name or method is here") \
	X(ERR_ONION_ADD,        1931, LOCAL, "tor did not take the onion service")

#define ERR_ENUM(name, number, cls, text) name = number,
enum err { OK = 0, ERR_TABLE(ERR_ENUM) };
#undef ERR_ENUM

#define MUST_USE __attribute__((warn_unused_result))

/* All three: static storage; an unknown number gives "ERR_UNKNOWN", BUG, "unknown error". */
const char *err_name(enum err e);
const char *err_text(enum err e);
enum err_class err_class(enum err e);
/* Is there such a number in the table? (Numbers that come from elsewhere.) 0 is not in it. */
bool err_is_known(unsigned number);

#endif
