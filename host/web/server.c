// SPDX-License-Identifier: MIT
#include "host/web/server.h"

#include <stdlib.h>

#include "host/web/answer.h"
#include "host/web/visit.h"

// ---- requests -----------------------------------------------------------------------------------------------------------

static void upgrade(struct plk_web_socket *visit, size_t used) {
    struct plk_web *web = visit->web;
    if (!plk_visit_upgrade(visit)) {
        plk_visit_close(visit);
        return;
    }
    web->visit_count--;
    visit->in_at = used; // a browser waits for the answer, but need not
    web->opened(web->ctx, visit);
    if (visit->events == NULL) plk_web_socket_close(visit, WSLAY_CODE_GOING_AWAY, "");
    plk_visit_frames(visit);
}

void plk_visit_request(struct plk_web_socket *visit) {
    const struct plk_answer_site site = {.port = visit->web->port, .assets = plk_assets, .count = plk_asset_count};
    struct plk_http_head head = {.method = PLK_HTTP_OTHER};
    struct plk_answer answer;
    size_t used = 0;
    enum plk_http_found found = plk_http_read(plk_bytes(visit->in, visit->in_len), &head, &used);
    if (found == PLK_HTTP_MORE) return;
    plk_answer_make(&answer, &site, found, &head);
    plk_visit_append(visit, plk_bytes(answer.head, answer.head_len));
    if (answer.status == 101) {
        upgrade(visit, used);
        return;
    }
    plk_visit_append(visit, answer.body);
    visit->answered = true;
    plk_visit_flush(visit);
}

// ---- connections --------------------------------------------------------------------------------------------------------

static void on_timer(uv_timer_t *timer) {
    struct plk_web *web = timer->data;
    uint64_t now_ms = uv_now(web->loop);
    for (struct plk_web_socket *visit = web->visits; visit != NULL; visit = visit->next) {
        if (!visit->closing) plk_visit_look(visit, now_ms);
    }
}

static void make_room(struct plk_web *web) {
    struct plk_web_socket *oldest = NULL;
    if (web->visit_count < PLK_WEB_VISITORS_MAX) return;
    for (struct plk_web_socket *visit = web->visits; visit != NULL; visit = visit->next) {
        if (visit->frames == NULL && !visit->closing) oldest = visit;
    }
    if (oldest != NULL) plk_visit_close(oldest);
}

static void on_connection(uv_stream_t *stream, int status) {
    struct plk_web *web = stream->data;
    if (status != 0 || web->closing) return;
    make_room(web);
    struct plk_web_socket *visit = calloc(1, sizeof *visit);
    plk_assert(visit != NULL);
    visit->web = web;
    visit->tcp.data = visit;
    visit->come_ms = visit->heard_ms = visit->moved_ms = uv_now(web->loop);
    if (uv_tcp_init(web->loop, &visit->tcp) != 0) {
        free(visit);
        return;
    }
    web->open_handles++;
    web->visit_count++;
    visit->next = web->visits;
    web->visits = visit;
    if (!uv_is_active((uv_handle_t *)&web->timer))
        uv_timer_start(&web->timer, on_timer, PLK_WEB_LOOK_MS, PLK_WEB_LOOK_MS);
    if (uv_accept(stream, (uv_stream_t *)&visit->tcp) != 0) {
        plk_visit_close(visit);
        return;
    }
    uv_tcp_nodelay(&visit->tcp, 1);
    plk_visit_start(visit);
}

// ---- life ---------------------------------------------------------------------------------------------------------------

static void on_handle_closed(uv_handle_t *handle) {
    struct plk_web *web = handle->data;
    if (--web->open_handles == 0) free(web);
}

static int listen_on(struct plk_web *web, uint16_t port) {
    struct sockaddr_in at;
    int len = sizeof at, failed = uv_ip4_addr("127.0.0.1", port, &at);
    if (failed == 0) failed = uv_tcp_bind(&web->listener, (const struct sockaddr *)&at, 0);
    if (failed == 0) failed = uv_listen((uv_stream_t *)&web->listener, PLK_WEB_VISITORS_MAX, on_connection);
    if (failed == 0) failed = uv_tcp_getsockname(&web->listener, (struct sockaddr *)&at, &len);
    if (failed == 0) web->port = ntohs(at.sin_port);
    return failed;
}

enum plk_fault_kind plk_web_open(struct plk_web **out, const struct plk_web_config *config, struct plk_fault *fault) {
    *out = NULL;
    struct plk_web *web = calloc(1, sizeof *web);
    plk_assert(web != NULL);
    web->loop = config->loop;
    web->opened = config->opened;
    web->ctx = config->ctx;
    web->listener.data = web->timer.data = web;
    plk_assert(uv_tcp_init(web->loop, &web->listener) == 0 && uv_timer_init(web->loop, &web->timer) == 0);
    web->open_handles = 2;
    int failed = listen_on(web, config->port);
    if (failed != 0) {
        plk_web_close(web);
        return plk_fault_set(fault, PLK_FAULT_LISTEN, "the page cannot be served on 127.0.0.1:%u: %s", config->port,
                             uv_strerror(failed));
    }
    *out = web;
    return PLK_FAULT_NONE;
}

uint16_t plk_web_port(const struct plk_web *web) { return web->port; }

void plk_web_close(struct plk_web *web) {
    if (web == NULL) return;
    web->closing = true;
    for (struct plk_web_socket *visit = web->visits; visit != NULL; visit = visit->next) {
        if (visit->frames != NULL) plk_web_socket_close(visit, WSLAY_CODE_GOING_AWAY, "the node stops");
        plk_visit_close(visit);
    }
    uv_close((uv_handle_t *)&web->listener, on_handle_closed);
    uv_close((uv_handle_t *)&web->timer, on_handle_closed);
}
