// SPDX-License-Identifier: MIT
#include "run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "api/json.h"
#include "api/relay_words.h"
#include "plain.h"

#define SIGNALS 4

struct running {
    const struct plk_run *run;
    struct plk_host *host;
    struct plk_api *api;
    uv_signal_t signals[SIGNALS];
    size_t signal_count, open_signals, relays_added;
    bool told;
    int status;
};

static void tell(struct running *running, int status, const char *line) {
    running->status = status;
    if (!running->told)
        running->run->told(running->run->ctx, status, line);
    else if (status != PLK_EXIT_DONE)
        plk_cli_note("%s", line);
    running->told = true;
    if (status != PLK_EXIT_DONE) uv_stop(plk_host_loop(running->host));
}

static const char *what_is_open(const struct running *running, const json_t *object, bool known) {
    if (plk_host_locked(running->host)) return "locked";
    return known ? plk_plain_text(object, "name") : "no profile yet";
}

static void tell_ready(struct running *running) {
    struct plk_profile_view view = {0};
    struct plk_host_status status = {0};
    char web[PLK_API_ADDRESS_MAX];
    const struct plk_node *node = plk_host_node(running->host);
    bool known = node != NULL && plk_node_profile(node, &view) == PLK_ERR_OK;
    bool has_web = plk_api_address(running->api, web);
    plk_host_status(running->host, &status);
    json_t *object = json_pack("{s:b, s:o, s:o, s:s, s:s?, s:{s:i, s:i, s:i}}", "ready", 1, "id",
                               known ? plk_json_peer_id(view.peer_id) : json_null(), "name",
                               known ? plk_json_text(view.name) : json_null(), "socket", plk_api_socket(running->api),
                               "web", has_web ? web : NULL, "ports", "udp4", status.udp4_port, "udp6", status.udp6_port,
                               "tcp", status.tcp_port);
    char line[256];
    if (running->run->json) {
        char *text = json_dumps(object, JSON_COMPACT);
        tell(running, PLK_EXIT_DONE, text != NULL ? text : "{\"ready\":true}");
        free(text);
    } else {
        snprintf(line, sizeof line, "ready: %.80s, UDP port %u, TCP port %u%s%s", what_is_open(running, object, known),
                 status.udp4_port != 0 ? status.udp4_port : status.udp6_port, status.tcp_port, has_web ? "\n" : "",
                 has_web ? web : "");
        tell(running, PLK_EXIT_DONE, line);
    }
    json_decref(object);
}

static void on_down(void *ctx) {
    struct running *running = ctx;
    uv_stop(plk_host_loop(running->host));
}

static void add_relays(struct running *running);

static void on_relay(void *ctx, const struct plk_output *output) {
    struct running *running = ctx;
    if (output->result.err == PLK_ERR_OK)
        add_relays(running);
    else
        tell(running, PLK_EXIT_FAILED, plk_relay_words(output->result.err));
}

// One after the other, so that the first mistake is the one that is told.
static void add_relays(struct running *running) {
    const struct plk_run *run = running->run;
    bool ready = !plk_host_locked(running->host) && plk_node_state(plk_host_node(running->host)) == PLK_NODE_READY;
    if (!ready || running->relays_added == run->relay_count) {
        tell_ready(running);
        return;
    }
    struct plk_command command = {.kind = PLK_CMD_RELAY_ADD,
                                  .text = plk_bytes_text(run->relays[running->relays_added++])};
    enum plk_err err = plk_host_command(running->host, &command, on_relay, running);
    if (err != PLK_ERR_OK) tell(running, PLK_EXIT_FAILED, plk_relay_words(err));
}

static void serve(struct running *running) {
    struct plk_fault fault = {0};
    if (running->api != NULL) {
        // It was locked, or had no profile: what had to wait for that is done now.
        if (running->relays_added < running->run->relay_count) add_relays(running);
        return;
    }
    struct plk_api_config config = {
        .host = running->host, .version = running->run->version, .down = on_down, .ctx = running};
    if (plk_api_open(&running->api, &config, &fault) != PLK_FAULT_NONE) {
        tell(running, PLK_EXIT_FAILED, fault.line);
        return;
    }
    // Without its page a node does all else.
    int web = running->run->config.web;
    if (web != PLK_CONFIG_WEB_OFF && plk_api_serve(running->api, (uint16_t)web, &fault) != PLK_FAULT_NONE)
        plk_log(plk_host_log(running->host), PLK_LOG_ERROR, "%s", fault.line);
    add_relays(running);
}

static void on_state(void *ctx, enum plk_node_state state) {
    struct running *running = ctx;
    if (running->host == NULL || state == PLK_NODE_LOADING) return;
    plk_api_state(running->api);
    if (state == PLK_NODE_CORRUPT)
        tell(running, PLK_EXIT_FAILED, "the stored data is damaged");
    else if (state == PLK_NODE_READY || running->run->without_profile)
        serve(running);
    else
        tell(running, PLK_EXIT_FAILED, "there is no profile yet: make one with `peerlink init`");
}

static void on_locked(void *ctx) {
    struct running *running = ctx;
    plk_api_state(running->api);
}

static void on_event(void *ctx, const struct plk_output *output) {
    struct running *running = ctx;
    plk_api_event(running->api, output);
}

static void on_stalled(void *ctx, bool stalled) {
    struct running *running = ctx;
    plk_api_stalled(running->api, stalled);
}

static void on_lost(void *ctx, const struct plk_fault *fault) { tell(ctx, PLK_EXIT_FAILED, fault->line); }

static void on_signal(uv_signal_t *signal, int number) {
    struct running *running = signal->data;
#ifdef SIGCONT
    if (number == SIGCONT) {
        plk_log(plk_host_log(running->host), PLK_LOG_INFO, "going on after having been stopped");
        plk_host_awake(running->host);
        return;
    }
#endif
    (void)number;
    on_down(running);
}

static void start_signals(struct running *running) {
    static const int numbers[] = {
        SIGINT,
        SIGTERM,
        SIGHUP,
#ifdef SIGCONT
        SIGCONT,
#endif
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        uv_signal_t *signal = &running->signals[i];
        if (uv_signal_init(plk_host_loop(running->host), signal) != 0) return;
        running->signal_count++;
        signal->data = running;
        uv_signal_start(signal, on_signal, numbers[i]);
    }
}

static void on_signal_closed(uv_handle_t *handle) {
    struct running *running = handle->data;
    running->open_signals--;
}

static void stop_signals(struct running *running) {
    running->open_signals = running->signal_count;
    for (size_t i = 0; i < running->signal_count; i++) uv_close((uv_handle_t *)&running->signals[i], on_signal_closed);
    while (running->open_signals > 0) uv_run(plk_host_loop(running->host), UV_RUN_NOWAIT);
}

static enum plk_fault_kind open_host(struct running *running, struct plk_fault *fault) {
    const struct plk_run *run = running->run;
    struct plk_host_config config = {
        .home = run->home,
        .create = run->without_profile,
        .may_lock = run->without_profile,
        .passphrase = run->passphrase,
        .listen = run->config.listen[0] != '\0' ? run->config.listen : NULL,
        .no_udp = !run->config.udp,
        .no_tcp = !run->config.tcp,
        .no_portmap = !run->config.portmap,
        .no_lan = !run->config.lan,
        .no_learning = !run->config.learn,
        .serve = run->config.serve,
        .log = {.level = run->config.log_level, .fd = run->log_fd},
        .on = {.state = on_state, .event = on_event, .stalled = on_stalled, .locked = on_locked, .lost = on_lost},
        .ctx = running};
    return plk_host_open(&running->host, &config, fault);
}

int plk_run_node(const struct plk_run *run) {
    struct running running = {.run = run};
    struct plk_fault fault = {0};
    enum plk_fault_kind kind = open_host(&running, &fault);
    if (kind != PLK_FAULT_NONE) {
        if (kind == PLK_FAULT_NO_STORE) {
            snprintf(fault.line, sizeof fault.line, "there is no profile yet: make one with `peerlink init`");
        }
        run->told(run->ctx, PLK_EXIT_FAILED, fault.line);
        return PLK_EXIT_FAILED;
    }
    start_signals(&running);
    // What was told before the host was known here is not told again.
    if (plk_host_locked(running.host))
        serve(&running);
    else
        on_state(&running, plk_node_state(plk_host_node(running.host)));
    if (!running.told || running.status == PLK_EXIT_DONE) uv_run(plk_host_loop(running.host), UV_RUN_DEFAULT);
    plk_api_close(running.api);
    running.api = NULL;
    stop_signals(&running);
    bool durable = plk_host_close(running.host);
    if (!durable && running.status == PLK_EXIT_DONE) {
        running.status = plk_cli_fail(PLK_EXIT_FAILED, "the disk did not take all that was accepted");
    }
    return running.status;
}
