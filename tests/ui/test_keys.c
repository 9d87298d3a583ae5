/* test_keys.c: keys whole, in pieces, late, pasted, broken. */
#include "config.h"

#include "ui/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "suite.h"

enum { PASTE_LOST = 5000, STRAY_PAUSE = 200 }; /* as the header says */

static struct key_decoder *d;
static struct buf said;
static int64_t now;
static bool flush_at_enter;

static void hear(void *arg, const struct key *k)
{
    char name[64];

    (void)arg;
    key_say(name, sizeof name, k);
    buf_addf(&said, "%s%s", said.len ? " " : "", name);
    if (k->kind == KEY_PASTE)
        buf_addf(&said, "(%zu:%.*s)", k->len, (int)(k->text_len < 20 ? k->text_len : 20), k->text);
    ck_assert_int_le(k->at, now);
    if (k->kind == KEY_ENTER && flush_at_enter)
        key_decoder_flush(d);
}

static void fresh(void)
{
    key_decoder_free(d);
    buf_release(&said);
    buf_init(&said, 1 << 20);
    d = key_decoder_new(hear, NULL);
    now = 1000000;
    flush_at_enter = false;
}

static void done(void)
{
    key_decoder_free(d);
    d = NULL;
    buf_release(&said);
}

static void feed(const char *p)
{
    key_decoder_feed(d, p, strlen(p), now);
}

/* Time goes on as the loop of the console lets it: it sleeps until a tick is due. */
static void later(int ms)
{
    int64_t end = now + ms;

    for (;;) {
        int wait = key_decoder_wait_ms(d, now);
        if (wait < 0 || now + wait > end)
            break;
        now += wait;
        key_decoder_tick(d, now);
        ck_assert_int_ne(key_decoder_wait_ms(d, now), 0);
    }
    now = end;
    key_decoder_tick(d, now);
}

static void heard(const char *want)
{
    ck_assert_str_eq(buf_str(&said), want);
    buf_reset(&said);
}

START_TEST(plain_keys)
{
    static const struct {
        const char *bytes, *name;
    } cases[] = {{"a", "a"},
                 {"X", "X"},
                 {" ", "Space"},
                 {"\r", "Enter"},
                 {"\n", "Enter"},
                 {"\t", "Tab"},
                 {"\x7f", "Backspace"},
                 {"\b", "Backspace"},
                 {"\x18", "Ctrl-X"},
                 {"\x01", "Ctrl-A"},
                 {"\x1f", "Ctrl-_"},
                 {"发", "发"},
                 {"\xC3\xA9", "\xC3\xA9"},
                 {"\x1b[A", "Up"},
                 {"\x1bOA", "Up"},
                 {"\x1b[B", "Down"},
                 {"\x1b[C", "Right"},
                 {"\x1b[D", "Left"},
                 {"\x1b[H", "Home"},
                 {"\x1b[1~", "Home"},
                 {"\x1b[7~", "Home"},
                 {"\x1bOF", "End"},
                 {"\x1b[4~", "End"},
                 {"\x1b[5~", "PgUp"},
                 {"\x1b[6~", "PgDn"},
                 {"\x1b[2~", "Insert"},
                 {"\x1b[3~", "Delete"},
                 {"\x1b[Z", "Shift-Tab"},
                 {"\x1b[1;5C", "Right"},
                 {"\x1b[3;5~", "Delete"},
                 {"\x1bOM", "Enter"},
                 {"\x9b"
                  "A",
                  "Up"},
                 {"\x8f"
                  "A",
                  "Up"},
                 {"\xC2\x9b"
                  "A",
                  "Up"},
                 {"\x1b[15~", "stray"},
                 {"\x1b[[A", "stray"},
                 {"\x1bOP", "stray"},
                 {"\x1b[3$", "stray"},
                 {"\x1b[?1;2$y", "stray"},
                 {"\x1bx", "stray"},
                 {"\x1b\xC3\xA9", "stray"},
                 {"\x1b\r", "stray"},
                 {"\x1b]11;rgb:0000/0000/0000\a", "stray"},
                 {"\x1bP1$r0m\x1b\\", "stray stray"},
                 {"\x1b[M !!", "stray"},
                 {"\x1b[<0;10;10M", "stray"},
                 {"\x1b\x1b[A", "Up"},
                 {"\x80", "stray"},
                 {"\xC2\x80", "stray"},
                 {"\xED\xA0\x80", "stray"},
                 {"\xF4\x90\x80\x80", "stray"},
                 {"\xE0\x80\x80", "stray"},
                 {"\xC3z", "stray z"},
                 {"\x1b[\r", "stray Enter"},
                 {"\x1b[1\x1b[A", "stray Up"},
                 {"\x1b[11111111111111111111111111111111A", "stray"},
                 {"\x1b[99999999999999999999~", "stray"}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fresh();
        feed(cases[i].bytes);
        heard(cases[i].name);
        ck_assert_int_eq(key_decoder_wait_ms(d, now), -1);
        later(2000);
        heard("");
        feed("q");
        heard("q");
    }
}
END_TEST

START_TEST(nul_is_no_key)
{
    fresh();
    key_decoder_feed(d, "\0", 1, now);
    heard("stray");
    key_decoder_feed(d, "", 0, now);
    heard("");
}
END_TEST

START_TEST(lone_escape)
{
    fresh();
    feed("\x1b");
    heard("");
    ck_assert_int_eq(key_decoder_wait_ms(d, now), KEYS_ESC_MS);
    later(149);
    heard("");
    later(1);
    heard("Esc");
    ck_assert_int_eq(key_decoder_wait_ms(d, now), -1);
    later(700);
    feed("[");
    heard("");
    later(1000);
    feed("1");
    later(1000);
    feed("B");
    heard("Down");
    feed("\x1b");
    later(1001);
    heard("Esc");
    feed("O");
    heard("O");
    feed("\x1b");
    later(200);
    feed("X");
    heard("Esc X");
    feed("\x1b\x1b");
    later(200);
    heard("Esc");
    feed("\x1b");
    later(200);
    feed("\x1b");
    later(200);
    heard("Esc Esc");
    /* The loop was late: Esc comes with the bytes behind it. */
    feed("\x1b");
    now += 300;
    feed("q");
    heard("Esc q");
}
END_TEST

/* Half a sequence, left by a connection that broke or by a person who typed Esc and [, is nothing that the
 * keys of minutes later belong to. */
START_TEST(an_unfinished_sequence_lapses)
{
    static const char *const begun[] = {"\x1b[", "\x1bO", "\x1b[1;", "\x1b[[", "\x9b", "\x8f"};

    fresh();
    feed(begun[_i]);
    later(1001);
    ck_assert_int_eq(key_decoder_wait_ms(d, now), -1);
    feed("X");
    heard("stray X");
    feed(begun[_i]);
    later(1001);
    feed("\x1b[A");
    heard("stray Up");
    feed(begun[_i]);
    key_decoder_flush(d);
    later(5000);
    feed("q");
    heard("q");
}
END_TEST

START_TEST(esc_and_brake)
{
    fresh();
    feed("\x1bX");
    heard("Esc X");
    feed("\x1b");
    later(100);
    feed("X");
    heard("Esc X");
    feed("\x1b\x1bX");
    heard("Esc X");
    feed("\x1b");
    key_decoder_flush(d);
    feed("X");
    heard("X");
}
END_TEST

START_TEST(alt_is_dropped)
{
    fresh();
    feed("\x1b");
    later(100);
    feed("K");
    heard("stray");
    feed("X");
    heard("X");
    feed("\x1bP");
    heard("stray");
    later(STRAY_PAUSE);
    feed("X");
    heard("X");
}
END_TEST

START_TEST(late_mouse_report_is_not_typed)
{
    fresh();
    feed("\x1b[M");
    later(10);
    feed("NYX");
    heard("stray");
    feed("X");
    heard("X");
    feed("\x1b[M");
    later(1000);
    feed("X");
    heard("stray X");
}
END_TEST

START_TEST(bracketed_paste)
{
    fresh();
    feed("\x1b[200~hello\x1b[20");
    heard("");
    feed("1~N");
    heard("paste(5:hello) N");
    feed("\x1b[200~a\x1b\x1b[201~");
    heard("paste(2:a\x1b)");
    feed("\x1b[200~\x1b[201~");
    heard("paste(0:)");
    /* Its end is lost. */
    feed("\x1b[200~NY");
    later(PASTE_LOST - 1);
    heard("");
    later(1);
    heard("paste(2:NY)");
    feed("X");
    heard("X");
    for (const char *p = "\x1b[200~N\x1b[Y\x1b[201~"; *p; p++) {
        key_decoder_feed(d, p, 1, now);
        later(400);
    }
    heard("Esc paste(4:N\x1b[Y)");
}
END_TEST

START_TEST(ten_kilobytes_are_one_paste)
{
    fresh();
    buf_reset(&said);
    feed("\x1b[200~");
    for (int i = 0; i < 2500; i++)
        feed("NY\rX");
    feed("\x1b[201~");
    heard("paste(10000:NY\rXNY\rXNY\rXNY\rXNY\rX)");
    for (int i = 0; i < 100; i++) {
        char piece[101];
        for (int k = 0; k < 100; k++)
            piece[k] = "NY\rXKTU"[(i + k) % 7];
        piece[100] = '\0';
        feed(piece);
        later(i % 2 ? 150 : 1);
    }
    heard("");
    later(KEYS_BURST_QUIET_MS);
    heard("paste(10000:NY\rXKTUNY\rXKTUNY\rXKT)");
    feed("X");
    heard("X");
}
END_TEST

START_TEST(a_burst_is_a_paste)
{
    fresh();
    feed("release it");
    heard("");
    ck_assert_int_eq(key_decoder_wait_ms(d, now), KEYS_BURST_QUIET_MS);
    later(199);
    feed("N");
    heard("");
    later(200);
    heard("paste(11:release itN)");
    /* In pieces of five. */
    feed("hello");
    later(100);
    feed("world");
    heard("");
    later(200);
    heard("paste(10:helloworld)");
    /* Eight are keys, after a while, in their order. */
    feed("abcdefgh");
    heard("");
    later(199);
    heard("");
    later(1);
    heard("a b c d e f g h");
    feed("ab\x1b[A");
    later(200);
    heard("a b Up");
    /* A key that repeats is no paste, nor are many arrows. */
    feed("jjjjjjjjjjjjjjjjjjjj");
    heard("j j j j j j j j j j j j j j j j j j j j");
    feed("\x1b[A\x1b[B\x1b[A\x1b[B\x1b[A\x1b[B\x1b[A\x1b[B\x1b[A\x1b[B");
    heard("Up Down Up Down Up Down Up Down Up Down");
    feed("jjjjjjjjjjK");
    later(200);
    heard("paste(11:jjjjjjjjjjK)");
}
END_TEST

START_TEST(single_keys_never_wait)
{
    fresh();
    for (const char *p = "NYXKTU\r"; *p; p++) {
        char name[2] = {*p, '\0'};
        feed(name);
        heard(*p == '\r' ? "Enter" : name);
        later(30);
    }
    /* Faster than any hand: only the first is a key, whatever the reads are. */
    for (const char *p = "Now pay-api to 2.0"; *p; p++) {
        key_decoder_feed(d, p, 1, now);
        later(1);
    }
    later(200);
    heard("N paste(17:ow pay-api to 2.0)");
}
END_TEST

START_TEST(flush_forgets)
{
    fresh();
    /* Held characters. */
    feed("ab");
    key_decoder_flush(d);
    later(500);
    heard("");
    /* A sequence of which half is read stays a sequence. */
    feed("\x1b[");
    key_decoder_flush(d);
    feed("B");
    heard("");
    feed("B");
    heard("B");
    feed("\x1b");
    key_decoder_flush(d);
    later(300);
    feed("OB");
    heard("");
    feed("\x1b");
    key_decoder_flush(d);
    later(300);
    feed("X");
    heard("X");
    feed("\xE5\x8F");
    key_decoder_flush(d);
    feed("\x91");
    heard("");
    feed("z");
    heard("z");
    /* Pastes. */
    feed("\x1b[200~NN");
    key_decoder_flush(d);
    feed("Y\x1b[201~");
    heard("");
    later(50);
    feed("0123456789");
    key_decoder_flush(d);
    later(100);
    feed("\x1bx" "Y");
    later(500);
    heard("");
    feed("X");
    heard("X");
}
END_TEST

START_TEST(flush_from_within)
{
    fresh();
    flush_at_enter = true;
    feed("\x1b[A\x1bOM\x1b[B\x1b[");
    heard("Up Enter");
    feed("Y");
    heard("");
    feed("Y");
    heard("Y");
    later(50);
    feed("\rY\x1b[201");
    later(200);
    heard("Enter");
    feed("~");
    heard("");
}
END_TEST

START_TEST(names_both_ways)
{
    static const char *const names[] = {
        "a",    "/",         "Space",  "Ctrl-X", "Ctrl-_", "Enter", "Tab",     "Shift-Tab",
        "Esc",  "Backspace", "Delete", "Insert", "Up",     "Down",  "Left",    "Right",
        "Home", "End",       "PgUp",   "PgDn",   "{",      "发",    "\xC3\xA9"};
    static const char *const wrong[] = {
        "",       "ab",     "Ctrl-",  "Ctrl-M",  "Ctrl-I",   "Ctrl-H",       "Ctrl-[",
        "Ctrl-J", "Ctrl-1", "Ctrl-@", "Ctrl-XX", "paste",    "stray",        "char",
        "F1",     "\x1b",   "\n",     "\x80",    "\xE5\x8F", "\xE2\x80\xAE", "a\xCC\x81"};
    struct key k;
    char name[32];

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        ck_assert_msg(key_parse(&k, names[i]) == 0, "%s", names[i]);
        key_say(name, sizeof name, &k);
        ck_assert_str_eq(name, names[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        ck_assert_msg(key_parse(&k, wrong[i]) < 0, "%s", wrong[i]);
    ck_assert_int_eq(key_parse(&k, "ctrl-x"), 0);
    ck_assert_uint_eq(k.ch, 0x18);
    ck_assert_int_eq(key_parse(&k, "pgdn"), 0);
    ck_assert_int_eq(k.kind, KEY_PGDN);
}
END_TEST

/* Whatever comes, whenever: only keys of valid Unicode, and the decoder comes to rest. */
static void check_key(void *arg, const struct key *k)
{
    uint64_t *x = arg;

    ck_assert_int_lt(k->kind, KEY_KIND_COUNT);
    if (k->kind == KEY_CHAR)
        ck_assert(k->ch != 0 && k->ch <= 0x10FFFF && !(k->ch >= 0xD800 && k->ch <= 0xDFFF) &&
                  !(k->ch >= 0x7F && k->ch < 0xA0));
    if (k->kind == KEY_PASTE)
        ck_assert(k->text_len <= KEYS_PASTE_MAX && k->text_len <= k->len);
    if (*x % 13 == 0)
        key_decoder_flush(d);
}

START_TEST(random_bytes)
{
    static const char likely[] = "\x1b\x1b\x1b[[O~;0123456789ABMNXKY\r\x9b\x8f\xc2\xe5\xf0$?]P\\\a";
    uint64_t x = 7;

    fresh();
    key_decoder_free(d);
    d = key_decoder_new(check_key, &x);
    for (int i = 0; i < 300000; i++) {
        char bytes[40];
        x = x * 6364136223846793005u + 1442695040888963407u;
        size_t n = (x >> 40) % (x >> 62 ? 4 : sizeof bytes);
        for (size_t k = 0; k < n; k++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            bytes[k] = x >> 61 ? likely[(x >> 33) % (sizeof likely - 1)] : (char)(x >> 33);
        }
        if ((x >> 50) % 97 == 0)
            key_decoder_feed(d, "\x1b[200~", 6, now);
        key_decoder_feed(d, bytes, n, now);
        now += (int64_t)(x >> 56) * 2;
        key_decoder_tick(d, now);
        int wait = key_decoder_wait_ms(d, now);
        ck_assert(wait >= -1 && wait <= PASTE_LOST);
    }
    now += PASTE_LOST;
    key_decoder_tick(d, now);
    ck_assert_int_eq(key_decoder_wait_ms(d, now), -1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("keys");
    TCase *tc = tcase_create("keys");

    tcase_add_checked_fixture(tc, NULL, done);
    tcase_add_test(tc, plain_keys);
    tcase_add_test(tc, nul_is_no_key);
    tcase_add_test(tc, lone_escape);
    tcase_add_loop_test(tc, an_unfinished_sequence_lapses, 0, 6);
    tcase_add_test(tc, esc_and_brake);
    tcase_add_test(tc, alt_is_dropped);
    tcase_add_test(tc, late_mouse_report_is_not_typed);
    tcase_add_test(tc, bracketed_paste);
    tcase_add_test(tc, ten_kilobytes_are_one_paste);
    tcase_add_test(tc, a_burst_is_a_paste);
    tcase_add_test(tc, single_keys_never_wait);
    tcase_add_test(tc, flush_forgets);
    tcase_add_test(tc, flush_from_within);
    tcase_add_test(tc, names_both_ways);
    tcase_add_test(tc, random_bytes);
    suite_add_tcase(s, tc);
    return suite_run(s);
}
