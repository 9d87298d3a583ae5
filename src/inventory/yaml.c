/* yaml.c: the text of one file to libyaml's document. Looks for what libyaml would take but a
 * person did not mean (a second document, bytes that cannot be seen), and for what it says badly.
 * Knows no key. */
#include "config.h"

#include "inventory/inventory_int.h"

#include <string.h>

#include "base/text.h"

/* libyaml compares each anchor with all before it and looks at all open brackets at each token. */
enum { ANCHORS_MAX = 1000, NESTING_MAX = 100 };

static bool is_anchor(const struct source *s, size_t i)
{
    return s->text[i] == '&' && (i == 0 || strchr(" \t\n\r[{,:-", s->text[i - 1]));
}

/* Shapes of text that cost libyaml more than they should. Brackets are counted in quoted text too:
 * no honest file comes near the bound. */
static int check_cost(const struct source *s, struct problems *p)
{
    int anchors = 0, depth = 0;

    for (size_t i = 0; i < s->len; i++) {
        char c = s->text[i];
        if (c == '[' || c == '{')
            depth++;
        else if ((c == ']' || c == '}') && depth > 0)
            depth--;
        anchors += is_anchor(s, i);
        if (depth <= NESTING_MAX && anchors <= ANCHORS_MAX)
            continue;
        if (depth > NESTING_MAX)
            problem_add(p, source_place(s, i), "more than %d open brackets", NESTING_MAX);
        else
            problem_add(p, source_place(s, i), "more than %d anchors", ANCHORS_MAX);
        return -1;
    }
    return 0;
}

/* Bytes that no line of a configuration holds: NUL and other controls, or no UTF-8 at all. */
static int check_bytes(const struct source *s, struct problems *p)
{
    for (size_t i = 0; i < s->len; i++) {
        unsigned char c = (unsigned char)s->text[i];
        if ((c < 0x20 && !strchr("\t\n\r", c)) || c == 0x7F || c == '\0') {
            problem_add(p, source_place(s, i),
                        "the control character \\x%02x is not allowed in a file", c);
            return -1;
        }
    }
    size_t good = text_utf8_prefix((struct raw){s->text, s->len});
    if (good == s->len)
        return 0;
    problem_add(p, source_place(s, good), "the byte \\x%02x is not valid UTF-8",
                (unsigned char)s->text[good]);
    return -1;
}

static void add_parser_problem(const yaml_parser_t *y, const struct source *s,
                               struct problems *p)
{
    const char *what = y->problem ? y->problem : "cannot be read as YAML";

    if (y->error == YAML_READER_ERROR) {
        problem_add(p, source_place(s, y->problem_offset), "%s", what);
        return;
    }
    struct place at = {s, (int)y->problem_mark.line + 1, (int)y->problem_mark.column + 1};
    if (y->context)
        problem_add(p, at, "%s %s (begun in line %d)", what, y->context,
                    (int)y->context_mark.line + 1);
    else
        problem_add(p, at, "%s", what);
}

/* Is there nothing behind the first document? */
static int check_alone(yaml_parser_t *y, const struct source *s, struct problems *p)
{
    yaml_document_t second;

    if (!yaml_parser_load(y, &second)) {
        add_parser_problem(y, s, p);
        return -1;
    }
    yaml_node_t *root = yaml_document_get_root_node(&second);
    if (root)
        problem_add(p,
                    (struct place){s, (int)root->start_mark.line + 1,
                                   (int)root->start_mark.column + 1},
                    "a second document; allowed is one in each file");
    yaml_document_delete(&second);
    return root ? -1 : 0;
}

int yaml_read(const struct source *src, yaml_document_t *doc, struct problems *p)
{
    yaml_parser_t y;

    if (check_bytes(src, p) != 0 || check_cost(src, p) != 0)
        return -1;
    if (!yaml_parser_initialize(&y)) {
        problem_add(p, (struct place){src, 0, 0}, "no memory to read it");
        return -1;
    }
    yaml_parser_set_encoding(&y, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&y, (const unsigned char *)(src->text ? src->text : ""),
                                 src->len);
    int rc = 0;
    if (!yaml_parser_load(&y, doc)) {
        add_parser_problem(&y, src, p);
        rc = -1;
    } else if (!yaml_document_get_root_node(doc)) {
        yaml_document_delete(doc);
        rc = 1;
    } else if (check_alone(&y, src, p) != 0) {
        yaml_document_delete(doc);
        rc = -1;
    }
    yaml_parser_delete(&y);
    return rc;
}
