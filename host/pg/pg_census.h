// SPDX-License-Identifier: MIT
// Which processes live on one database, and what they have changed: a thread with a connection of its own that, a few times a second,
// says that this one lives, writes down what was subscribed here, and reads who else lives and what is new. Because of it no
// datagram between processes is needed for anything to be right (docs/design/relays.md, "Several processes").
//
// A process lives as long as the session that holds its slot (pg_link.h) does and it has said so in the last PLK_PG_CENSUS_DEAD.
#ifndef PLK_HOST_PG_CENSUS_H
#define PLK_HOST_PG_CENSUS_H

#include "host/fleet_letter.h"
#include "host/pg/pg_link.h"

#define PLK_PG_CENSUS_MS 250     // between two looks
#define PLK_PG_CENSUS_DEAD "4 s" // without a word
#define PLK_PG_CENSUS_KEEP_MS \
    60000 // news are kept so long; who has not looked for half of it looks at everything again
#define PLK_PG_CENSUS_NEWS_MAX 20000 // of one look; more: everything
#define PLK_PG_PLACE_MAX 160
#define PLK_PG_WORDS_MAX 64

struct plk_pg_process {
    uint8_t slot;
    uint8_t instance[PLK_FLEET_INSTANCE_LEN];
    char place[PLK_PG_PLACE_MAX]; // where clients reach it, HOST:PORT
    char words[PLK_PG_WORDS_MAX]; // where other processes do, IP PORT
    int64_t changed;              // bytes of cells, by it, since its start
};

struct plk_pg_news {
    enum plk_fleet_kind kind;
    uint8_t slot;
    uint64_t stamp;
    uint8_t sid[PLK_QUEUE_ID_LEN];
};

struct plk_pg_look {
    struct plk_pg_process others[PLK_FLEET_SLOTS];
    size_t other_count;
    bool everything; // may have changed: news are not known from where the last look ended
    struct plk_pg_news *news;
    size_t news_count;
};

struct plk_pg_census_config {
    const char *url;           // borrowed until it is closed
    struct plk_pg_process own; // changed: 0
    void (*wake)(void *ctx);   // from the thread: there is a look
    void *ctx;
};

struct plk_pg_census;
struct plk_pg_census *plk_pg_census_open(const struct plk_pg_census_config *config); // owned by the caller
void plk_pg_census_close(struct plk_pg_census *census); // tells the others that it goes; NULL is fine

// For the thread: what was subscribed here; by how much this process has changed what is stored.
void plk_pg_census_subscribed(struct plk_pg_census *census, uint64_t stamp, const uint8_t *sids, size_t count);
void plk_pg_census_changed(struct plk_pg_census *census, int64_t changed);

// The newest look that was not fetched, with the news of all before. NULL: none. The caller frees it.
struct plk_pg_look *plk_pg_census_next(struct plk_pg_census *census);
void plk_pg_look_free(struct plk_pg_look *look);

#endif
