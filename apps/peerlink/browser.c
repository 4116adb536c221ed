// SPDX-License-Identifier: MIT
#include "browser.h"

#include <fcntl.h>
#include <pwd.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "plain.h"

#define URL_MAX 4096
#define FILE_NAME "open.html"
// A browser in a box of its own (snap) sees nothing hidden: this one lies in plain sight, for as long as it takes.
#define SEEN_NAME "peerlink-open.html"
#define WAIT_MS 6000 // for the browser to come
#define LOOK_MS 100

static bool is_set(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0';
}

bool plk_browser_is_there(void) {
    return (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")) && !is_set("SSH_CONNECTION");
}

// ---- the address ------------------------------------------------------------------------------------------------------

// Everything but letters and digits is written as %XX.
static bool add_escaped(char *url, const char *text) {
    size_t len = strlen(url);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (len + 4 > URL_MAX) return false;
        len += (size_t)snprintf(url + len, URL_MAX - len, plain ? "%c" : "%%%02X", c);
    }
    return true;
}

// A new ticket in an address.
static int make_url(struct plk_cli *cli, const char *link, char url[URL_MAX], char ticket[URL_MAX]) {
    json_t *result = NULL;
    int status = plk_cli_call(cli, "ticket", NULL, &result);
    if (status == PLK_EXIT_DONE) {
        snprintf(url, URL_MAX, "%s%s", plk_plain_text(result, "url"), link != NULL ? "&link=" : "");
        snprintf(ticket, URL_MAX, "%s", plk_plain_text(result, "ticket"));
        if (link != NULL && !add_escaped(url, link)) status = plk_cli_fail(PLK_EXIT_FAILED, "this link is too long");
    }
    json_decref(result);
    return status;
}

// ---- the browser ------------------------------------------------------------------------------------------------------

static bool write_file(const char *folder, const char *name, const char *url) {
    char text[2 * URL_MAX];
    // The one character of such an address that means something in HTML is the & before the link.
    const char *link = strchr(url, '&');
    int before = link != NULL ? (int)(link - url) : (int)strlen(url);
    int len = snprintf(text, sizeof text,
                       "<!doctype html><meta charset=utf-8><meta name=referrer content=no-referrer>"
                       "<meta http-equiv=refresh content=\"0;url=%.*s%s%s\"><title>PeerLink</title>\n",
                       before, url, link != NULL ? "&amp;" : "", link != NULL ? link + 1 : "");
    bool done = plk_home_replace(folder, name, plk_bytes(text, (size_t)len), NULL) == PLK_FAULT_NONE;
    plk_mem_wipe(text, sizeof text);
    return done;
}

static bool start_browser(char *path) {
    char program[] = "xdg-open", *argv[] = {program, path, NULL};
    extern char **environ;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t child;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    for (int fd = 0; fd < 3; fd++)
        posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", fd == 0 ? O_RDONLY : O_WRONLY, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID); // it outlives the terminal
    int failed = posix_spawnp(&child, program, &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed == 0;
}

static bool was_used(struct plk_cli *cli, const char *ticket) {
    for (int waited_ms = 0; waited_ms < WAIT_MS; waited_ms += LOOK_MS) {
        json_t *result = NULL;
        if (plk_cli_call(cli, "ticket.used", json_pack("{s:s}", "ticket", ticket), &result) != PLK_EXIT_DONE)
            return false;
        bool used = json_is_true(json_object_get(result, "used"));
        json_decref(result);
        if (used) return true;
        nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
    }
    return false;
}

// Whether a window came that was led here by a file in this folder.
static bool opens_by(struct plk_cli *cli, const char *folder, const char *name, const char *link) {
    char url[URL_MAX], ticket[URL_MAX], path[PLK_HOME_PATH_MAX + 32];
    if (make_url(cli, link, url, ticket) != PLK_EXIT_DONE || !write_file(folder, name, url)) return false;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    bool opened = start_browser(path) && was_used(cli, ticket);
    unlink(path);
    plk_mem_wipe(url, sizeof url);
    return opened;
}

// ---- in words ---------------------------------------------------------------------------------------------------------

// SSH_CONNECTION: the other end's address and port, this end's.
static void say_tunnel(const char *url) {
    char at[64] = "", port[8] = "22";
    const char *connection = getenv("SSH_CONNECTION"), *web = strstr(url, "127.0.0.1:");
    const struct passwd *user = getpwuid(geteuid());
    int web_port = web != NULL ? atoi(web + strlen("127.0.0.1:")) : 0;
    if (connection == NULL || sscanf(connection, "%*s %*s %63s %7s", at, port) != 2) return;
    printf(
        "On the machine in front of you, and leave it running:\n  ssh -N -L %d:127.0.0.1:%d%s%s %s@%s\nThen open there:\n  ",
        web_port, web_port, strcmp(port, "22") != 0 ? " -p " : "", strcmp(port, "22") != 0 ? port : "",
        user != NULL ? user->pw_name : "YOU", at);
}

static int say_address(struct plk_cli *cli, const char *link, bool opened) {
    char url[URL_MAX] = "", ticket[URL_MAX];
    if (opened) {
        if (cli->json) puts("{\"opened\":true,\"url\":null}");
        if (!cli->json) puts("the page is open in your browser");
        return PLK_EXIT_DONE;
    }
    int status = make_url(cli, link, url, ticket);
    if (status != PLK_EXIT_DONE) return status;
    if (cli->json) {
        json_t *object = json_pack("{s:b, s:s}", "opened", 0, "url", url);
        plk_cli_json(object);
        json_decref(object);
    } else {
        if (is_set("SSH_CONNECTION"))
            say_tunnel(url);
        else
            puts("Open this in a browser on this machine; it is good once, for a minute:");
        puts(url);
    }
    plk_mem_wipe(url, sizeof url);
    return PLK_EXIT_DONE;
}

int plk_browser_open(struct plk_cli *cli, const char *link) {
    const char *home = getenv("HOME");
    bool opened = false;
    if (plk_browser_is_there()) {
        opened = opens_by(cli, cli->home, FILE_NAME, link);
        if (!opened && home != NULL && strlen(home) < PLK_HOME_PATH_MAX) opened = opens_by(cli, home, SEEN_NAME, link);
    }
    return say_address(cli, link, opened);
}

int plk_command_open(struct plk_cli *cli) {
    const char *link = cli->arg_count > 0 ? cli->args[0] : NULL;
    char *read = NULL;
    if (link != NULL && strcmp(link, "-") == 0) {
        link = read = plk_cli_stdin(URL_MAX / 2);
        if (read == NULL) return PLK_EXIT_FAILED;
    }
    int status = plk_up_behind(cli);
    if (status == PLK_EXIT_DONE) status = plk_browser_open(cli, link);
    free(read);
    return status;
}
