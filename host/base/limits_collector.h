/* Bounds of the collector (host/collector/), each with its reason; those it shares with the host stand in base/limits.h. */
#ifndef BASE_LIMITS_COLLECTOR_H
#define BASE_LIMITS_COLLECTOR_H

/* Request line and headers. Our senders need 300 bytes, a browser on the reviewers' page below 2 KiB. */
#define DOOR_HEAD_MAX (8u * 1024)
/* Connections at once. Each comes over a circuit of its own and lasts seconds; beyond this many the newest are closed at once,
 * and the sender tries again later. */
#define DOOR_CONNECTIONS_MAX 512
/* Bodies being received, all together: what a flood of slow senders may make us hold. */
#define DOOR_BYTES_MAX (32u * 1024 * 1024)
/* From a request's first byte to its last: the largest report over a circuit of 20 KB/s. A sender that drips is cut off. */
#define DOOR_REQUEST_MS (60u * 1000)
/* Without a request, and for a peer that does not read its answer. */
#define DOOR_IDLE_MS (20u * 1000)
/* How often connections are looked at for the two limits above. */
#define DOOR_SWEEP_MS 1000
/* An answer: the reviewers' longest page, a finding with its certificates and raw results. */
#define DOOR_ANSWER_MAX (16u * 1024 * 1024)

/* Reports of one commit. One waits for the disk with all that came in meanwhile. */
#define INTAKE_BATCH_MAX 256
/* Reports accepted, by default, from everybody in a minute and about one relay in an hour: an operator of exits that lie is reported
 * by some tens of people a day; a flood of reports against one relay must not bury the others. */
#define INTAKE_RATE_DEFAULT 600
#define INTAKE_RELAY_RATE_DEFAULT 60
/* Relays whose rates are remembered; the whole network has 10,000. Where the table is full the longest silent goes. */
#define INTAKE_RELAYS_MAX 16384

/* Keys that open reports: the one that senders have pinned now and the one before. */
#define KEYS_MAX 2
/* A key file: comments and two lines. */
#define KEY_FILE_MAX (16u * 1024)
/* A line of a file of the operator's (hosts, denied hosts, configuration), and how many there may be. */
#define LIST_LINE_MAX 512
/* A file's or page's path on a host: what the verifier asks for and the store keeps with a trial. */
#define LIST_PATH_MAX 383
#define LIST_LINES_MAX 10000

/* How long a store that another process has locked is waited for before a sender is told to come again. */
#define STORE_BUSY_MS 2000
/* A value that a store gives back: a report or one engine's whole answer. */
#define STORE_VALUE_MAX (4u * 1024 * 1024)
/* Statements that stay prepared. */
#define STORE_STATEMENTS_MAX 64

/* Trials of a finding, by default: so many at the reported host and as many at hosts of the operator's choice; most allowed. */
#define VERIFY_TRIALS_DEFAULT 4
#define VERIFY_TRIALS_MAX 32
/* And the hours over which they are spread at random: an exit that lies by the hour of the day, or once for each visitor, is met more than once. */
#define VERIFY_SPREAD_DEFAULT 24
/* Engines at once: each asks four exits; the network is not ours to fill. */
#define VERIFY_AT_ONCE 2
/* One engine's time: its own deadline is 25 s, and it starts two programs. */
#define VERIFY_ENGINE_MS (60u * 1000)
/* The same in seconds of one that fetches a file of up to VERIFY_FETCH_MAX bytes three times: at 100 KB/s six minutes and more. */
#define VERIFY_FETCH_S (10 * 60)
#define VERIFY_FETCH_MAX "32M"
/* How much earlier each step of a relay's importance lets its trials be made than others that are due (store_due): so none waits longer than
 * (VERIFY_WEIGHTS - 1) steps behind others', however many come. */
#define VERIFY_WEIGHTS 8
#define VERIFY_WEIGHT_S (6 * 3600)
/* What an engine may print: one result with five chains described, and progress lines. */
#define VERIFY_OUTPUT_MAX (512u * 1024)
/* A trial that could not be made because of our own machine (no tor) is made again after so long, so often. */
#define VERIFY_AGAIN_MS (10u * 60 * 1000)
#define VERIFY_AGAIN_MAX 50
/* Between two looks at the schedule. */
#define VERIFY_TICK_MS 5000

/* The control connection: until tor answers ADD_ONION, and between two tries. */
#define ONION_ANSWER_MS 30000
#define ONION_AGAIN_MS 5000
/* Streams of one circuit to the service: a sender needs one. */
#define ONION_STREAMS_MAX 8

#endif
