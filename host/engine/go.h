/* What a sans-I/O engine (socks, tls) answers when it was given bytes. */
#ifndef ENGINE_GO_H
#define ENGINE_GO_H

enum go {
	GO_WAIT,    /* took what it could use; wants more bytes, or time */
	GO_DONE,    /* finished; what is left of the input belongs to the next layer */
	GO_FAILED,  /* finished badly; the engine says why */
};

#endif
