/* vitals.c: the command and the reading of its answer, which is in sections that begin with "== NAME". The
 * shell only prints what the kernel says; all arithmetic is here. Whose the port is costs a walk over all
 * descriptors of that machine, and is asked again only when the listening socket is another. */
#include "config.h"

#include "monitor/vitals.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* USER_HZ, which all ports of Linux that matter have had as 100 since 2.6; proc(5). */
enum { TICKS = 100, STAT_STARTTIME = 22 };

/* The address as /proc/net/tcp has it: words of 32 bits, the lowest byte first (on little-endian machines;
 * others show none that is alike, and count as without an address). "": it is a name. */
static void proc_address(char *dst, size_t size, const char *host)
{
    unsigned char bytes[16];
    int n = inet_pton(AF_INET, host, bytes) == 1 ? 4 : inet_pton(AF_INET6, host, bytes) == 1 ? 16 : 0;

    dst[0] = '\0';
    for (int i = 0; i < n; i += 4)
        snprintf(dst + 2 * i, size - 2 * (size_t)i, "%02X%02X%02X%02X", bytes[i + 3], bytes[i + 2],
                 bytes[i + 1], bytes[i]);
}

/* Of those that listen on the port ($l) the one at the instance's own address, which for a name is the one
 * that this session came in at; else one at all addresses; else any. A connection to that address is its. */
static void add_socket(struct buf *b, const char *host, int port)
{
    char address[33];

    proc_address(address, sizeof address, host);
    buf_addf(b, "p=%04X; a=%s; ", (unsigned)port & 0xFFFF, address);
    if (!address[0])
        buf_adds(b, "a=${SSH_CONNECTION#* * }; a=$(echo \"${a%% *}\" | while IFS=. read -r c d e f; do "
                    "printf '%02X%02X%02X%02X' \"$f\" \"$e\" \"$d\" \"$c\"; done 2>/dev/null); "
                    "[ \"$a\" = 00000000 ] && a=; ");
    buf_adds(b, "t=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | "
                "grep -E \"^ *[0-9]+: [0-9A-F]+:$p [0-9A-F]+:[0-9A-F]+ (01|0A) \"); "
                "l=$(echo \"$t\" | grep \"^ *[0-9]*: [0-9A-F]*:$p [0-9A-F]*:[0-9A-F]* 0A \"); "
                "case $l in *\"$a:$p \"*) ;; *) a=;; esac; echo '== connections'; "
                "echo \"$t\" | grep -c \"^ *[0-9]*: [0-9A-F]*$a:$p [0-9A-F]*:[0-9A-F]* 01 \"; "
                "echo '== socket'; i=$({ [ -n \"$a\" ] && echo \"$l\" | grep \"$a:$p \"; "
                "echo \"$l\" | grep \": 0*:$p \"; echo \"$l\"; } | "
                "while read -r a b c d e f g h k l m; do echo \"$l\"; break; done); echo \"${i:-0}\"; ");
}

void vitals_command(struct buf *b, const char *doc_base, const char *host, int port, const struct vitals *known)
{
    buf_adds(b, "echo '== load'; cat /proc/loadavg; echo '== cpus'; grep -c '^processor' /proc/cpuinfo; "
                "echo '== memory'; grep -E '^(MemTotal|MemAvailable|MemFree):' /proc/meminfo; "
                "echo '== boot'; grep '^btime ' /proc/stat; echo '== disk'; df -Pk ");
    buf_add_shell(b, doc_base);
    buf_adds(b, " 2>/dev/null; ");
    add_socket(b, host, port);
    buf_adds(b, "echo '== process'; ");
    if (known->pid)
        buf_addf(b, "if [ \"$i\" = %" PRIu64 " ] && [ -r /proc/%" PRIu64 "/stat ]; then q=%" PRIu64 "; else ",
                 known->inode, known->pid, known->pid);
    buf_adds(b, "q=; if [ -n \"$i\" ]; then q=$(ls -l /proc/[0-9]*/fd 2>/dev/null | "
                "while read -r a b; do case $a in /proc/*) n=${a#/proc/}; n=${n%%/*};; esac; "
                "case $b in *\"socket:[$i]\") echo \"$n\"; break;; esac; done); fi; ");
    if (known->pid)
        buf_adds(b, "fi; ");
    buf_adds(b, "[ -n \"$q\" ] && { echo \"$q\"; cat \"/proc/$q/stat\"; grep '^VmRSS' \"/proc/$q/status\"; } 2>/dev/null; "
                "echo '== end'");
}

/* ---- reading --------------------------------------------------------------------------------------------- */

/* The text behind "== NAME\n"; NULL. */
static const char *section(const char *text, const char *name)
{
    char head[32];

    snprintf(head, sizeof head, "== %s\n", name);
    const char *p = strstr(text, head);
    return p ? p + strlen(head) : NULL;
}

static int64_t whole(const char *p)
{
    char *end;

    if (!p || *p < '0' || *p > '9')
        return -1;
    long long v = strtoll(p, &end, 10);
    return end != p && v >= 0 && v < INT64_MAX / 4096 ? v : -1;
}

/* "0.52 ...": thousandths. */
static int64_t milli(const char *p)
{
    int64_t v = whole(p), unit = 100;

    if (v < 0)
        return -1;
    v *= 1000;
    for (p = strpbrk(p, ". \n"); p && *p == '.' && unit > 0 && p[1] >= '0' && p[1] <= '9'; unit = 0) {
        for (p++; *p >= '0' && *p <= '9' && unit > 0; p++, unit /= 10)
            v += unit * (*p - '0');
        break;
    }
    return v;
}

/* The number behind NAME within a section. */
static int64_t named(const char *p, const char *name)
{
    size_t n = strlen(name);

    while (p && *p && strncmp(p, "== ", 3) != 0) {
        if (strncmp(p, name, n) == 0)
            return whole(p + n + strspn(p + n, ": \t"));
        p = strchr(p, '\n');
        p += p != NULL;
    }
    return -1;
}

/* The field of a line of words, counted from 1. */
static const char *word(const char *p, int at)
{
    for (int i = 1; p && i < at; i++) {
        p += strcspn(p, " \t\n");
        if (*p == '\n' || *p == '\0')
            return NULL;
        p += strspn(p, " \t");
    }
    return p;
}

static void read_disk(struct vitals *v, const char *p)
{
    const char *line = p ? strchr(p, '\n') : NULL;

    if (!line || strncmp(p, "== ", 3) == 0)
        return;
    /* The name of the file system may hold blanks: counted from the percent sign on. */
    const char *percent = strchr(line + 1, '%');
    const char *stop = strchr(line + 1, '\n');
    if (!percent || (stop && percent > stop))
        return;
    int64_t total = whole(word(line + 1, 2)), used = whole(word(line + 1, 3));
    v->disk_total_kib = total > 0 ? total : -1;
    v->disk_used_kib = total > 0 ? used : -1;
}

/* "PID\nPID (a name) S 1 ...\nVmRSS: 1234 kB": the name may hold anything, so fields count from its last
 * parenthesis. */
static void read_process(struct vitals *v, const char *p, int64_t boot)
{
    int64_t pid = whole(p);
    const char *stat = p ? strchr(p, '\n') : NULL;
    const char *line_end = stat ? strchr(stat + 1, '\n') : NULL;
    const char *behind = NULL;

    v->process_since = -1;
    if (v->inode == 0) {
        v->process_since = 0;
        v->pid = 0;
        return;
    }
    if (pid <= 0 || !line_end) {
        v->pid = 0;
        return;
    }
    for (const char *q = stat; q < line_end; q++)
        behind = *q == ')' ? q : behind;
    /* The second field ends at the parenthesis: the third is one word on. */
    int64_t started = behind ? whole(word(behind + 2, STAT_STARTTIME - 2)) : -1;
    if (started >= 0 && boot > 0)
        v->process_since = (boot + started / TICKS) * 1000;
    v->process_rss_kib = named(line_end + 1, "VmRSS");
    v->pid = (uint64_t)pid;
}

int vitals_parse(struct vitals *v, const char *text, struct err *e)
{
    struct vitals out = {.process_rss_kib = -1, .disk_used_kib = -1, .disk_total_kib = -1};
    const char *memory = section(text, "memory");
    char first[80];

    out.load_milli = milli(section(text, "load"));
    out.cpus = whole(section(text, "cpus"));
    out.mem_total_kib = named(memory, "MemTotal");
    int64_t available = named(memory, "MemAvailable");
    if (available < 0) /* a kernel before 3.14 */
        available = named(memory, "MemFree");
    if (out.load_milli < 0 || out.mem_total_kib <= 0 || !section(text, "end")) {
        text_copy_safe(first, sizeof first, (struct raw){text, strcspn(text, "\r\n")}, 0);
        return err_set(e, ERR_PROTOCOL, "not the figures of /proc: \"%s\"", first);
    }
    out.mem_used_kib = available >= 0 && available <= out.mem_total_kib ? out.mem_total_kib - available : -1;
    out.cpus = out.cpus > 0 ? out.cpus : -1;
    out.connections = whole(section(text, "connections"));
    read_disk(&out, section(text, "disk"));
    int64_t inode = whole(section(text, "socket"));
    out.inode = inode > 0 ? (uint64_t)inode : 0;
    read_process(&out, section(text, "process"), named(section(text, "boot"), "btime"));
    *v = out;
    return 0;
}
