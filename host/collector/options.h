/* The collector's options, from the command line and from a file with the same names. Used by collector_main and the verbs. */
#ifndef COLLECTOR_OPTIONS_H
#define COLLECTOR_OPTIONS_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTIONS_PORTS_MAX 32

struct options {
	char config[512], store[512], key_file[512];
	char listen[160], web[160];                 /* "none": not at all */
	char control[160], socks[160], cookie[512], password_file[512];
	char onion[8], onion_key[512];              /* onion: "add", "none" (a service in torrc) */
	char hosts[512], denied[512];
	char engine[512], test_ca[512];
	unsigned onion_port, rate, relay_rate, trials, spread_hours, test_speed;
	uint16_t ports[OPTIONS_PORTS_MAX];
	size_t n_ports;
	bool is_json;
	/* The verbs' own. */
	char format[8], state[24], relay[48];
	unsigned limit;
	bool is_rotation;
};

/* Defaults, then the file that --config names, then argv; what is no option stays in argv, argv[0] first. ERR_USAGE: *wrong names the
 * argument or the file's line, *why says what is wrong with it (both static or argv's). */
MUST_USE enum err options_take(int *argc, char **argv, struct options *out, const char **wrong, const char **why);
/* The options of --help, one a line. */
void options_help(void);

#endif
