// SPDX-License-Identifier: MIT
// `up`, and just `peerlink`: the node in the foreground, or left running behind.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/relay_words.h"
#include "browser.h"
#include "command.h"
#include "host/keyfile.h"
#include "make.h"
#include "plain.h"
#include "run.h"
#include "secret.h"
#include "wire/relay_name.h"

#define LINE_MAX_LEN 512

// ---- in the foreground ----------------------------------------------------------------------------------------------

static void say_here(void *ctx, int status, const char *line) {
    (void)ctx;
    if (status != PLK_EXIT_DONE) {
        plk_cli_fail(status, "%s", line);
        return;
    }
    plk_plain_print(stdout, line, 0);
    fputc('\n', stdout);
    fflush(stdout);
}

// ---- left running ---------------------------------------------------------------------------------------------------

// The child tells its parent one byte of status and a line.
static void say_parent(void *ctx, int status, const char *line) {
    int fd = *(int *)ctx;
    char text[LINE_MAX_LEN];
    int len = snprintf(text, sizeof text, "%c%s", (char)status, line);
    if (len >= (int)sizeof text) len = sizeof text - 1;
    if (write(fd, text, (size_t)len) != len) { /* the parent is gone; nobody is left to be told */
    }
    close(fd);
}

static int open_log(const char *home) {
    char path[PLK_HOME_PATH_MAX + 8];
    snprintf(path, sizeof path, "%s/log", home);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd >= 0 ? fd : open("/dev/null", O_WRONLY | O_CLOEXEC);
}

static int run_behind(struct plk_run *run, int fd) {
    setsid();
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log = open_log(run->home);
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    run->log_fd = STDERR_FILENO;
    run->told = say_parent;
    run->ctx = &fd;
    return plk_run_node(run);
}

// Reads what the child has to say; its status.
static int hear_child(int fd, pid_t child, char line[LINE_MAX_LEN]) {
    size_t len = 0;
    for (ssize_t got = 1; got != 0 && len < LINE_MAX_LEN - 1;) {
        got = read(fd, line + len, LINE_MAX_LEN - 1 - len);
        if (got < 0 && errno != EINTR) break;
        if (got > 0) len += (size_t)got;
    }
    line[len] = '\0';
    if (len == 0) {
        waitpid(child, NULL, 0);
        snprintf(line, LINE_MAX_LEN, "\1the node ended before it was ready");
    }
    return line[0];
}

static int detach(struct plk_run *run) {
    int pipe_fds[2];
    char line[LINE_MAX_LEN];
    fflush(stdout);
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) return plk_cli_fail(PLK_EXIT_FAILED, "cannot start: %s", strerror(errno));
    pid_t child = fork();
    if (child < 0) return plk_cli_fail(PLK_EXIT_FAILED, "cannot start: %s", strerror(errno));
    if (child == 0) {
        close(pipe_fds[0]);
        _exit(run_behind(run, pipe_fds[1]));
    }
    close(pipe_fds[1]);
    int status = hear_child(pipe_fds[0], child, line);
    close(pipe_fds[0]);
    say_here(NULL, status, line + 1);
    return status;
}

// ---- up -------------------------------------------------------------------------------------------------------------

static int read_config(const struct plk_cli *cli, struct plk_config *config) {
    char path[PLK_CONFIG_PATH_MAX], why[PLK_CONFIG_LINE_MAX];
    const char *given = plk_cli_option(cli, "--config"), *listen = plk_cli_option(cli, "--listen");
    *config = plk_config_default();
    if (plk_config_path(given, path) && !plk_config_read(path, given != NULL, config, why)) {
        return plk_cli_fail(PLK_EXIT_FAILED, "%s", why);
    }
    if (listen != NULL && (listen[0] == '\0' || strlen(listen) >= sizeof config->listen)) {
        return plk_cli_fail(PLK_EXIT_USAGE, "--listen takes ADDR:PORT");
    }
    if (listen != NULL) snprintf(config->listen, sizeof config->listen, "%s", listen);
    const char *web = plk_cli_option(cli, "--web");
    if (web != NULL && !plk_config_web(web, &config->web)) {
        return plk_cli_fail(PLK_EXIT_USAGE, "--web takes a port from 1 to 65535, or off");
    }
    return PLK_EXIT_DONE;
}

// All of --relay, before anything is started.
static int read_relays(const struct plk_cli *cli, struct plk_run *run) {
    for (size_t i = 0; i < cli->option_count; i++) {
        struct plk_relay_name name;
        const char *text = cli->options[i].value;
        if (strcmp(cli->options[i].name, "--relay") != 0) continue;
        if (run->relay_count == PLK_RUN_RELAYS_MAX)
            return plk_cli_fail(PLK_EXIT_USAGE, "--relay can be there %d times at most", PLK_RUN_RELAYS_MAX);
        enum plk_err err = plk_relay_name_decode(plk_bytes_text(text), &name);
        plk_mem_wipe(&name, sizeof name);
        if (err != PLK_ERR_OK) return plk_cli_fail(PLK_EXIT_USAGE, "--relay: %s", plk_relay_words(err));
        run->relays[run->relay_count++] = text;
    }
    return PLK_EXIT_DONE;
}

static int start(struct plk_cli *cli, const struct plk_config *config, const struct plk_secret *passphrase,
                 bool without_profile, bool behind) {
    struct plk_run run = {.home = cli->home,
                          .passphrase = plk_bytes(passphrase->text, passphrase->len),
                          .config = *config,
                          .version = PLK_VERSION,
                          .without_profile = without_profile,
                          .json = cli->json,
                          .log_fd = STDERR_FILENO,
                          .told = say_here};
    int status = read_relays(cli, &run);
    if (status != PLK_EXIT_DONE) return status;
    return behind ? detach(&run) : plk_run_node(&run);
}

int plk_command_up(struct plk_cli *cli) {
    struct plk_secret passphrase = {0};
    struct plk_config config;
    bool wait = plk_cli_has(cli, "--wait");
    long pid = 0;
    struct plk_run only_checked = {0};
    int status = read_config(cli, &config);
    if (status == PLK_EXIT_DONE) status = read_relays(cli, &only_checked);
    if (status != PLK_EXIT_DONE) return status;
    if (plk_home_running(cli->home, &pid)) {
        return plk_cli_fail(PLK_EXIT_FAILED, "a node runs in this home already (process %ld)", pid);
    }
    if (!wait && !plk_keyfile_exists(cli->home)) {
        return plk_cli_fail(PLK_EXIT_FAILED, "there is no profile yet: make one with `peerlink init`");
    }
    if (wait)
        status = plk_secret_given(cli, &passphrase) ? PLK_EXIT_DONE : PLK_EXIT_FAILED;
    else
        status = plk_secret_for_profile(cli, &passphrase);
    if (status == PLK_EXIT_DONE) status = start(cli, &config, &passphrase, wait, plk_cli_has(cli, "--detach"));
    plk_secret_wipe(&passphrase);
    return status;
}

// ---- just `peerlink` ------------------------------------------------------------------------------------------------

static void say_next(bool has_profile) {
    puts("What comes next:");
    if (!has_profile) {
        puts("  1. peerlink init --name YOU     makes your profile\n"
             "  2. peerlink invite              makes a link: send it to someone\n"
             "  3. peerlink chat NAME           talk, or `peerlink open`: all of it in a browser");
    } else {
        puts("  1. peerlink invite              makes a link: send it to someone\n"
             "  2. peerlink add LINK            or add someone whose link you got\n"
             "  3. peerlink chat NAME           talk, or `peerlink open`: all of it in a browser");
    }
}

static int ensure_profile(struct plk_cli *cli, const struct plk_config *config) {
    struct plk_secret name = {0}, passphrase = {0};
    int status = PLK_EXIT_FAILED;
    if (plk_make_name(cli, &name) && plk_make_passphrase(cli, &passphrase)) {
        struct plk_make make = {.name = plk_bytes(name.text, name.len), .passphrase = &passphrase};
        status = plk_make_profile(cli, &make);
        if (status == PLK_EXIT_DONE) status = start(cli, config, &passphrase, false, true);
    }
    plk_secret_wipe(&passphrase);
    return status;
}

int plk_up_behind(struct plk_cli *cli) {
    struct plk_secret passphrase = {0};
    struct plk_config config;
    int status = read_config(cli, &config);
    if (status != PLK_EXIT_DONE || plk_cli_running(cli)) return status;
    bool exists = plk_keyfile_exists(cli->home), shown = plk_browser_is_there() && config.web != PLK_CONFIG_WEB_OFF;
    // Name and passphrase are asked for where the person is: in the page, or else here.
    if (!exists && !shown && isatty(STDIN_FILENO)) return ensure_profile(cli, &config);
    if (shown)
        status = plk_secret_given(cli, &passphrase) ? PLK_EXIT_DONE : PLK_EXIT_FAILED;
    else if (exists)
        status = plk_secret_for_profile(cli, &passphrase);
    if (status == PLK_EXIT_DONE) status = start(cli, &config, &passphrase, true, true);
    plk_secret_wipe(&passphrase);
    return status;
}

int plk_command_start(struct plk_cli *cli) {
    json_t *result = NULL;
    int status = plk_up_behind(cli);
    if (status == PLK_EXIT_DONE) status = plk_cli_call(cli, "status", NULL, &result);
    if (status == PLK_EXIT_DONE && cli->json)
        plk_cli_json(result);
    else if (status == PLK_EXIT_DONE && plk_browser_is_there() && !json_is_null(json_object_get(result, "web")))
        status = plk_browser_open(cli, NULL);
    else if (status == PLK_EXIT_DONE)
        say_next(!json_is_null(json_object_get(result, "id")));
    json_decref(result);
    return status;
}
