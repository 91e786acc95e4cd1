/* What main asks about a downloaded file, and what the file role answers. Each question is answered by a process of its own
 * (secondexit-file): it gets one read-only descriptor with the question (SCM_RIGHTS), has no network, opens no file, and
 * ends. It reads foreign bytes, so main checks its answers as strictly as a stranger's. Main asks through priv/filelink.h. */
#ifndef PRIV_FILEMSG_H
#define PRIV_FILEMSG_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/rd.h"

enum file_type {
	/* main -> file */
	FILE_CONFIG = 1,   /* empty; first frame, once; no reply */
	FILE_CLASSIFY,     /* file_ask, and the descriptor when has_file -> FILE_R_ALIVE*, FILE_R_CLASS */
	FILE_COMMIT,       /* file_ask with has_file, and the descriptor -> FILE_R_ALIVE*, FILE_R_COMMIT */
	FILE_SUMS,         /* file_ask with has_file, and the descriptor -> FILE_R_ALIVE*, FILE_R_SUMS */
	/* file -> main */
	FILE_R_CLASS = 64, /* file_class_r */
	FILE_R_COMMIT,     /* file_commit_r */
	FILE_R_ALIVE,      /* u64: bytes read so far */
	FILE_R_ERROR,      /* u32 enum err */
	FILE_R_SUMS,       /* file_sums_r */
};

/* How bad it is to open it unseen; of several the largest counts. */
enum file_class { FILE_TRANSPARENT, FILE_OTHER, FILE_EXECUTABLE };

/* What decides; a text for a person, lower case, no full stop. */
#define FILE_WHY_TABLE(X) \
	X(FILE_WHY_UNKNOWN,   "unknown",   "nothing is known about files of this kind") \
	X(FILE_WHY_CONTENT,   "content",   "by how the file begins") \
	X(FILE_WHY_NAME,      "name",      "by its name") \
	X(FILE_WHY_HIDDEN,    "hidden",    "its name hides what it is") \
	X(FILE_WHY_TYPE,      "type",      "by the type that the server gave") \
	X(FILE_WHY_SCRIPT,    "script",    "it is a script") \
	X(FILE_WHY_MACRO,     "macro",     "the document has macros or scripts") \
	X(FILE_WHY_MEMBER,    "member",    "by what the archive holds") \
	X(FILE_WHY_ENCRYPTED, "encrypted", "the archive is encrypted, so it can't be listed") \
	X(FILE_WHY_DAMAGED,   "damaged",   "the archive can't be listed") \
	X(FILE_WHY_LIMIT,     "limit",     "the archive is larger or deeper than is looked at")
#define FILE_WHY_ENUM(name, word, text) name,
enum file_why { FILE_WHY_TABLE(FILE_WHY_ENUM) FILE_WHY_N };
#undef FILE_WHY_ENUM

/* On what the file would be opened; a set, of which the most dangerous counts. */
enum file_os { FILE_ON_LINUX = 1, FILE_ON_MACOS = 2, FILE_ON_WINDOWS = 4, FILE_ON_ANDROID = 8, FILE_ON_ANY = 15 };
#ifdef __APPLE__
#define FILE_ON_HERE FILE_ON_MACOS
#else
#define FILE_ON_HERE FILE_ON_LINUX
#endif

struct file_ask {
	uint8_t has_file;                   /* a descriptor comes with it; without one only name and type count */
	uint8_t os;                         /* enum file_os, at least one */
	char name[FILE_NAME_MAX];           /* without a path; any bytes but NUL; "" unknown */
	char type[CLIP_CONTENT_TYPE_MAX + 1]; /* Content-Type as it came; "" unknown */
};

struct file_class_r {
	uint8_t class;                      /* enum file_class */
	uint8_t why;                        /* enum file_why */
	char format[FILE_WORD_MAX];         /* of the content, else of what the name says: "pe", "zip", "exe"; "" unknown */
	char member[FILE_MEMBER_MAX];       /* FILE_WHY_MEMBER and kin: which one ("a.zip/setup.exe"); clean UTF-8 */
	uint32_t members;                   /* looked at, all depths */
};

/* Does a part of this file commit to the rest? */
#define FILE_COMMIT_TABLE(X) \
	X(FILE_COMMIT_FITS,      "fits",      "a part of the file commits to the rest, and the rest fits") \
	X(FILE_COMMIT_DIFFERS,   "differs",   "the file has a signed digest of the rest, which the rest does not fit") \
	X(FILE_COMMIT_NONE,      "none",      "nothing in the file commits to its content") \
	X(FILE_COMMIT_WEAK,      "weak",      "its digests are MD5 or SHA-1 and commit to nothing") \
	X(FILE_COMMIT_MALFORMED, "malformed", "the structure that would commit is broken or ambiguous") \
	X(FILE_COMMIT_SMALL,     "small",     "too small for a part to be worth it") \
	X(FILE_COMMIT_UNCOVERED, "uncovered", "too much of the file is covered by no digest, or it is scattered")
#define FILE_COMMIT_ENUM(name, word, text) name,
enum file_commit { FILE_COMMIT_TABLE(FILE_COMMIT_ENUM) FILE_COMMIT_N };
#undef FILE_COMMIT_ENUM

/* What is proven when FITS, the ranges are equal elsewhere, and the total length is. */
enum file_proves { FILE_PROVES_BYTES, FILE_PROVES_CONTENT /* the same unpacked entries; they could be compressed differently */ };

struct file_range { uint64_t offset, length; };

/* ranges: the committing part S: in order, disjoint, not empty, inside the file; 1 to FILE_RANGES_MAX when FITS or DIFFERS. For
 * other statuses 0 or more structural ranges, which are worth comparing before random ones.
 * Which ranges S has, and what they commit to, follows from the bytes inside S and the file's length alone (tested for every
 * format): so a copy of the same length with equal bytes in S has the same digests of the rest. FITS: the rest was read
 * here and has these digests. DIFFERS proves nothing against the file (publishers' tools differ in what they digest): fetch it whole. */
struct file_commit_r {
	uint8_t status;                     /* enum file_commit */
	uint8_t proves;                     /* enum file_proves; of FITS */
	char format[FILE_WORD_MAX];         /* "pe", "msi", "rpm", "apk", "xar", "appx", "jar", ...; "" unknown */
	char method[FILE_WORD_MAX];         /* "authenticode", "apk-v2", "rpm-payload", ...; "" unless FITS or DIFFERS */
	char digest[FILE_WORD_MAX];         /* the weakest that is relied upon: "sha256"; "" likewise */
	uint64_t size;                      /* of the file, as it was read */
	uint64_t part;                      /* bytes of all ranges */
	uint16_t n;
	struct file_range range[FILE_RANGES_MAX];
};

/* Sums of the whole file that collide at will, or by chance: two that differ say that files differ, two that are equal say nothing. CRCs as servers
 * write them, the most significant byte first. */
struct file_sums_r {
	uint64_t size;                      /* of the file, as it was read */
	uint8_t md5[16], sha1[20];
	uint8_t crc32[4];                   /* of zip and Ethernet */
	uint8_t crc32c[4];                  /* Castagnoli's */
	uint8_t crc64[8];                   /* of NVMe */
};

/* Every put appends the struct's bytes; what does not fit is our own bug and asserted. Every get reads exactly one struct, as
 * strictly as a stranger's: ERR_FORMAT, and *out is left alone, when bytes are missing or left over, a value is out of its
 * range, a text is not clean UTF-8 (member) or lower-case ASCII words (format, method, digest), or ranges break their rule. */
void filemsg_put_ask(struct buf *b, const struct file_ask *m);
MUST_USE enum err filemsg_get_ask(struct rd in, struct file_ask *out);
void filemsg_put_class_r(struct buf *b, const struct file_class_r *m);
MUST_USE enum err filemsg_get_class_r(struct rd in, struct file_class_r *out);
void filemsg_put_sums_r(struct buf *b, const struct file_sums_r *m);
MUST_USE enum err filemsg_get_sums_r(struct rd in, struct file_sums_r *out);
void filemsg_put_commit_r(struct buf *b, const struct file_commit_r *m);
MUST_USE enum err filemsg_get_commit_r(struct rd in, struct file_commit_r *out);

/* Words and texts of the tables above; static; "unknown" out of range. */
const char *file_class_word(enum file_class c);      /* "transparent", "other", "executable" */
const char *file_why_word(enum file_why w);
const char *file_why_text(enum file_why w);
const char *file_commit_word(enum file_commit c);
const char *file_commit_text(enum file_commit c);

#endif
