// SPDX-License-Identifier: MIT
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay_store.h"

void plk_settings_init(struct plk_relay_settings *settings) {
    *settings = (struct plk_relay_settings){.metrics = PLK_RELAY_METRICS_AUTO, .log_level = PLK_LOG_INFO};
    plk_relay_config_init(&settings->limits);
}

bool plk_settings_number(const char *text, uint64_t min, uint64_t max, uint64_t *out) {
    char *end;
    if (text[0] < '0' || text[0] > '9') return false;
    unsigned long long value = strtoull(text, &end, 10);
    if (*end != '\0' || strlen(text) > 15 || value < min || value > max) return false;
    *out = value;
    return true;
}

// ---- one by one: NULL, or what is wrong ---------------------------------------------------------------------------------

static const char *set_data(struct plk_relay_settings *s, const char *value) {
    if (value[0] == '\0' || strlen(value) >= sizeof s->data) return "takes a directory";
    snprintf(s->data, sizeof s->data, "%s", value);
    return NULL;
}

static const char *set_listen(struct plk_relay_settings *s, const char *value) {
    if (s->listen_count == PLK_RELAY_LISTENS_MAX) return "is there too often";
    if (value[0] == '\0' || strlen(value) >= sizeof s->listen[0]) return "takes ADDR:PORT";
    snprintf(s->listen[s->listen_count++], sizeof s->listen[0], "%s", value);
    return NULL;
}

static const char *set_public(struct plk_relay_settings *s, const char *value) {
    if (value[0] == '\0' || strlen(value) > PLK_RELAY_HOST_MAX) return "takes a name or an address";
    snprintf(s->public_host, sizeof s->public_host, "%s", value);
    return NULL;
}

static const char *set_admit(struct plk_relay_settings *s, const char *value) {
    static const struct {
        const char *word;
        enum plk_relay_admission admission;
    } words[] = {{"token", PLK_RELAY_ADMIT_TOKEN}, {"open", PLK_RELAY_ADMIT_OPEN}, {"closed", PLK_RELAY_ADMIT_CLOSED}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i].word, value) != 0) continue;
        s->limits.admission = words[i].admission;
        return NULL;
    }
    return "takes token, open or closed";
}

static const char *set_metrics(struct plk_relay_settings *s, const char *value) {
    uint64_t port = PLK_RELAY_METRICS_OFF;
    if (strcmp(value, "off") != 0 && !plk_settings_number(value, 1, UINT16_MAX, &port)) return "takes a port or off";
    s->metrics = (uint32_t)port;
    return NULL;
}

static const char *set_clients(struct plk_relay_settings *s, const char *value) {
    uint64_t clients;
    if (!plk_settings_number(value, 1, 10000000, &clients)) return "takes a number from 1";
    s->limits.clients_max = (uint32_t)clients;
    return NULL;
}

static const char *set_mib(uint64_t *to, const char *value) {
    uint64_t mib;
    if (!plk_settings_number(value, 1, UINT64_C(1) << 30, &mib)) return "takes a number of MiB";
    *to = mib << 20;
    return NULL;
}

static const char *set_memory(struct plk_relay_settings *s, const char *value) {
    return set_mib(&s->limits.memory_max, value);
}

static const char *set_disk(struct plk_relay_settings *s, const char *value) {
    return set_mib(&s->limits.store_max, value);
}

static const char *set_pass(struct plk_relay_settings *s, const char *value) {
    uint64_t kib;
    if (!plk_settings_number(value, 1, UINT32_MAX >> 13, &kib)) return "takes a number of KiB a second";
    s->limits.pass_rate = (uint32_t)(kib << 10);
    s->limits.pass_burst = s->limits.pass_rate * PLK_RELAY_PASS_BURST_S;
    return NULL;
}

static const char *set_store(struct plk_relay_settings *s, const char *value) {
    s->store[0] = 0;
    if (strcmp(value, "sqlite") == 0) return NULL;
    if (strncmp(value, "postgresql://", 13) != 0 && strncmp(value, "postgres://", 11) != 0)
        return "takes sqlite or postgresql://...";
    if (!plk_relay_store_has_postgres())
        return "names PostgreSQL, which this build does not have: it was made without libpq";
    if (strlen(value) >= sizeof s->store) return "is too long";
    strcpy(s->store, value);
    return NULL;
}

static const char *set_fleet(struct plk_relay_settings *s, const char *value) {
    const char *colon = strrchr(value, ':');
    uint64_t port;
    if (colon == NULL || colon == value || !plk_settings_number(colon + 1, 0, UINT16_MAX, &port) ||
        strlen(value) >= sizeof s->fleet || strspn(value, "0123456789abcdef.:[]") != strlen(value))
        return "takes an address of this machine and a port, in numbers: 10.0.0.5:7460";
    strcpy(s->fleet, value);
    return NULL;
}

static const char *set_bootstrap(struct plk_relay_settings *s, const char *value) {
    struct plk_relay_name name;
    struct plk_relay_config *limits = &s->limits;
    if (plk_relay_name_decode(plk_bytes_text(value), &name) != PLK_ERR_OK)
        return "takes a relay's address, HOST:PORT#KEY as it prints it";
    if (limits->bootstrap_count == PLK_ANNOUNCES_MAX) return "is there too often";
    struct plk_relay_bootstrap *to = &limits->bootstrap[limits->bootstrap_count++];
    memcpy(to->key, name.key, sizeof to->key);
    memcpy(to->host, name.host.at, name.host.len);
    to->host_len = (uint8_t)name.host.len;
    to->port = name.port;
    plk_mem_wipe(&name, sizeof name); // its token is not for relays
    return NULL;
}

static const char *set_log(struct plk_relay_settings *s, const char *value) {
    return plk_log_level_parse(value, &s->log_level) ? NULL : "takes error, warn, info or debug";
}

bool plk_settings_set(struct plk_relay_settings *settings, const char *name, const char *value,
                      char wrong[PLK_SETTINGS_WRONG_MAX]) {
    static const struct {
        const char *name;
        const char *(*set)(struct plk_relay_settings *settings, const char *value);
    } known[] = {{"data", set_data},     {"listen", set_listen},   {"public", set_public},
                 {"admit", set_admit},   {"metrics", set_metrics}, {"clients", set_clients},
                 {"memory", set_memory}, {"disk", set_disk},       {"pass", set_pass},
                 {"store", set_store},   {"fleet", set_fleet},     {"bootstrap", set_bootstrap},
                 {"log", set_log}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, name) != 0) continue;
        const char *what = known[i].set(settings, value);
        snprintf(wrong, PLK_SETTINGS_WRONG_MAX, "%s", what != NULL ? what : "");
        return true;
    }
    return false;
}
