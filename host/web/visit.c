// SPDX-License-Identifier: MIT
#include "host/web/visit.h"

#include <stdlib.h>

struct write {
    uv_write_t req;
    struct plk_web_socket *visit;
    size_t len;
    char *at;
};

static uint64_t now_ms(const struct plk_web_socket *visit) { return uv_now(visit->web->loop); }

static void drop_out(struct plk_web_socket *visit) {
    free(visit->out);
    visit->out = NULL;
    visit->out_len = visit->out_cap = 0;
}

// ---- life -------------------------------------------------------------------------------------------------------------

static void on_closed(uv_handle_t *handle) {
    struct plk_web_socket *visit = handle->data;
    struct plk_web *web = visit->web;
    for (struct plk_web_socket **at = &web->visits; *at != NULL; at = &(*at)->next) {
        if (*at != visit) continue;
        *at = visit->next;
        break;
    }
    if (visit->frames != NULL)
        wslay_event_context_free(visit->frames);
    else
        web->visit_count--;
    if (web->visits == NULL && !web->closing) uv_timer_stop(&web->timer);
    drop_out(visit);
    free(visit);
    if (--web->open_handles == 0 && web->closing) free(web);
}

void plk_visit_close(struct plk_web_socket *visit) {
    if (visit->closing) return;
    visit->closing = true;
    plk_visit_told(visit);
    uv_close((uv_handle_t *)&visit->tcp, on_closed);
}

// ---- writing ----------------------------------------------------------------------------------------------------------

void plk_visit_append(struct plk_web_socket *visit, struct plk_bytes bytes) {
    size_t need = visit->out_len + bytes.len, size = visit->out_cap < 4096 ? 4096 : visit->out_cap;
    if (visit->closing || bytes.len == 0) return;
    while (size < need) size *= 2;
    if (size > visit->out_cap) {
        visit->out = realloc(visit->out, size);
        plk_assert(visit->out != NULL);
        visit->out_cap = size;
    }
    if (visit->out_len + visit->writing == 0) visit->moved_ms = now_ms(visit);
    memcpy(visit->out + visit->out_len, bytes.at, bytes.len);
    visit->out_len = need;
}

static void on_shut(uv_shutdown_t *req, int status) {
    if (status < 0) plk_visit_close(req->data);
}

// An answer is whole on its way. To close now, with something unread, would take it back: the other side closes.
static void finish(struct plk_web_socket *visit) {
    if (!visit->answered || visit->shutdown.data != NULL) return;
    visit->shutdown.data = visit;
    if (uv_shutdown(&visit->shutdown, (uv_stream_t *)&visit->tcp, on_shut) != 0) plk_visit_close(visit);
}

static void on_written(uv_write_t *req, int status) {
    struct write *write = (struct write *)req;
    struct plk_web_socket *visit = write->visit;
    visit->writing -= write->len;
    visit->moved_ms = now_ms(visit);
    free(write->at);
    free(write);
    if (status < 0)
        plk_visit_close(visit);
    else
        plk_visit_flush(visit);
    if (!visit->closing && visit->events != NULL) visit->events->room(visit->ctx);
}

static void write_rest(struct plk_web_socket *visit) {
    struct write *write = calloc(1, sizeof *write);
    plk_assert(write != NULL);
    *write = (struct write){.visit = visit, .len = visit->out_len, .at = visit->out};
    visit->writing = visit->out_len;
    visit->out = NULL;
    visit->out_len = visit->out_cap = 0;
    uv_buf_t buf = uv_buf_init(write->at, (unsigned)write->len);
    if (uv_write(&write->req, (uv_stream_t *)&visit->tcp, &buf, 1, on_written) == 0) return;
    visit->writing = 0;
    free(write->at);
    free(write);
    plk_visit_close(visit);
}

void plk_visit_flush(struct plk_web_socket *visit) {
    if (visit->closing || visit->writing > 0) return;
    if (visit->out_len > 0) {
        uv_buf_t buf = uv_buf_init(visit->out, (unsigned)visit->out_len);
        int wrote = uv_try_write((uv_stream_t *)&visit->tcp, &buf, 1);
        if (wrote < 0 && wrote != UV_EAGAIN) {
            plk_visit_close(visit);
            return;
        }
        if (wrote > 0) {
            memmove(visit->out, visit->out + wrote, visit->out_len - (size_t)wrote);
            visit->out_len -= (size_t)wrote;
            visit->moved_ms = now_ms(visit);
        }
    }
    if (visit->out_len > 0) {
        write_rest(visit);
        return;
    }
    if (visit->out_cap > PLK_VISIT_OUT_KEEP) drop_out(visit);
    finish(visit);
}

// ---- reading ----------------------------------------------------------------------------------------------------------

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
    (void)suggested;
    struct plk_web_socket *visit = handle->data;
    // Once it is answered, whatever it still says is passed over.
    if (visit->answered || visit->in_at == visit->in_len) visit->in_at = visit->in_len = 0;
    *buf = uv_buf_init((char *)visit->in + visit->in_len, (unsigned)(sizeof visit->in - visit->in_len));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf) {
    (void)buf;
    struct plk_web_socket *visit = stream->data;
    if (len < 0) {
        plk_visit_close(visit);
        return;
    }
    visit->in_len += (size_t)len;
    visit->heard_ms = now_ms(visit);
    visit->pinged = false;
    if (visit->answered) return;
    if (visit->frames != NULL)
        plk_visit_frames(visit);
    else
        plk_visit_request(visit);
}

void plk_visit_start(struct plk_web_socket *visit) {
    if (visit->closing || visit->reading) return;
    visit->reading = true;
    if (uv_read_start((uv_stream_t *)&visit->tcp, on_room, on_read) != 0) plk_visit_close(visit);
}
