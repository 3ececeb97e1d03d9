/** Variables of the templates below. */
export const variables = {
  nothing: null,
  yes: true,
  zero: 0,
  n: 7,
  f: 2.5,
  word: "garden bed",
  empty: "",
  emoji: "a🌡b",
  items: [3, 1, 2],
  names: ["Beta", "alpha", "gamma"],
  d: { b: 1, a: { x: [1, null] } },
  rows: [
    { k: "x", v: 2 },
    { k: "y", v: 1 },
    { k: "x", v: 3 },
  ],
  messages: [
    { role: "user", content: "hi" },
    { role: "assistant", content: "ho" },
  ],
};

/** Templates and their output from Python's jinja2, recorded with version 3.1.6. */
export const recorded: readonly (readonly [template: string, text: string])[] = [
  ["{{ nothing }}|{{ yes }}|{{ f }}|{{ d }}|{{ items }}", "None|True|2.5|{'b': 1, 'a': {'x': [1, None]}}|[3, 1, 2]"],
  ["{{ nothing | string }}{{ none | string | length }}", "None4"],
  ["{{ zero | string ~ n | string }}", "07"],
  ["{{ d | string }}", "{'b': 1, 'a': {'x': [1, None]}}"],
  ["{{ items | min }}{{ items | max }}{{ names | min }}{{ names | max }}", "13alphagamma"],
  ['{{ rows | min(attribute="v") }}', "{'k': 'y', 'v': 1}"],
  ["{{ rows | max(attribute='v') }}", "{'k': 'x', 'v': 3}"],
  ["{{ [n, 9] | min }}", "7"],
  [
    "{{ items | sort }}{{ items | sort(reverse=true) }}{{ names | sort }}{{ names | sort(case_sensitive=true) }}",
    "[1, 2, 3][3, 2, 1]['alpha', 'Beta', 'gamma']['Beta', 'alpha', 'gamma']",
  ],
  ["{{ rows | sort(attribute='k,v') | map(attribute='v') | list }}", "[2, 3, 1]"],
  [
    "{{ rows | groupby('k') | list | length }}{% for key, group in rows | groupby('k') %}{{ key }}{{ group | length }}{% endfor %}",
    "2x2y1",
  ],
  ["{{ rows | map(attribute='k') | unique | join(', ') }}", "x, y"],
  ["{{ rows | selectattr('k', 'equalto', 'x') | map(attribute='v') | sum }}", "5"],
  ["{{ rows | rejectattr('k', '==', 'x') | list | length }}", "1"],
  ["{{ items | select('odd') | list }}{{ items | reject('gt', 1) | list }}", "[3, 1][1]"],
  ["{{ names | map('upper') | join('-') }}", "BETA-ALPHA-GAMMA"],
  ["{{ names | map('replace', 'a', 'o') | list }}", "['Beto', 'olpho', 'gommo']"],
  ["{{ nothing | selectattr('x') | list }}", "[]"],
  ["{{ items | batch(2, 'x') | list }}{{ items | slice(2) | list }}", "[[3, 1], [2, 'x']][[3, 1], [2]]"],
  [
    "{{ d | dictsort }}{{ d | items | list }}",
    "[('a', {'x': [1, None]}), ('b', 1)][('b', 1), ('a', {'x': [1, None]})]",
  ],
  [
    "{{ d.items() | list }}{{ d.keys() | list }}{{ d.get('zz') }}{{ d.get('zz', 1) }}{{ d['a'].x[1] }}",
    "[('b', 1), ('a', {'x': [1, None]})]['b', 'a']None1None",
  ],
  ["{{ 'a' in d }}{{ 'zz' not in d }}{{ 2 in items }}{{ 'bed' in word }}", "TrueTrueTrueTrue"],
  [
    "{{ d | tojson }}{{ d | tojson(indent=2) }}{{ emoji | tojson(ensure_ascii=true) }}{{ d | tojson(separators=(',', ':')) }}{{ d | tojson(sort_keys=true) }}",
    '{"b": 1, "a": {"x": [1, null]}}{\n  "b": 1,\n  "a": {\n    "x": [\n      1,\n      null\n    ]\n  }\n}"a\\ud83c\\udf21b"{"b":1,"a":{"x":[1,null]}}{"a": {"x": [1, null]}, "b": 1}',
  ],
  ['{{ "<a href=\'x\'>&" | tojson }}{{ "<a>&\'" | escape }}', "\"<a href='x'>&\"&lt;a&gt;&amp;&#39;"],
  [
    "{{ emoji | length }}{{ emoji[1] }}{{ emoji[::-1] }}{{ emoji[1:] }}{{ word[-3:] }}{{ items[:-1] }}{{ items[::-1] }}",
    "3🌡b🌡a🌡bbed[3, 1][2, 1, 3]",
  ],
  [
    "{{ word.split() }}{{ word.split('e') }}{{ 'a,b,c'.split(',', 1) }}{{ 'a,b,c'.rsplit(',', 1) }}{{ ' a  b '.split() }}{{ ' a  b c '.split(None, 1) }}",
    "['garden', 'bed']['gard', 'n b', 'd']['a', 'b,c']['a,b', 'c']['a', 'b']['a', 'b c ']",
  ],
  [
    "{{ '\\n x \\n'.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ '\\n\\n a'.lstrip('\\n') }}|{{ 'a \\n'.rstrip('\\n') }}|{{ 'abc'.lstrip('cba') }}",
    "x|a| a|a |",
  ],
  [
    "{{ word.title() }}{{ word.capitalize() }}{{ word.upper() }}{{ 'ÄB'.lower() }}{{ word | title }}{{ \"it's\" | title }}",
    "Garden BedGarden bedGARDEN BEDäbGarden BedIt's",
  ],
  [
    "{{ word.startswith('gar') }}{{ word.endswith(('x', 'bed')) }}{{ word.find('bed') }}{{ word.count('d') }}{{ word.replace('d', 'D', 1) }}",
    "TrueTrue72garDen bed",
  ],
  [
    "{{ 'a-b-c'.partition('-') }}{{ 'a-b-c'.rpartition('-') }}{{ 'ab'.removeprefix('a') }}{{ 'ab'.removesuffix('b') }}",
    "('a', '-', 'b-c')('a-b', '-', 'c')ba",
  ],
  [
    "{{ '7'.zfill(3) }}{{ 'a'.center(4) }}|{{ 'a'.ljust(3) }}|{{ 'a'.rjust(3) }}{{ 'a1'.isalnum() }}{{ '12'.isdigit() }}{{ 'a\\nb\\n'.splitlines() }}",
    "007 a  |a  |  aTrueTrue['a', 'b']",
  ],
  [
    "{{ '%s is %d and %.2f' % ('x', 3, 1.5) }}{{ '%5s|%-5s|%05d' | format('a', 'b', 42) }}{{ '{} {1} {x}'.format('a', x=2) if false else '{0} {x:>4} {1:.1f}'.format('a', 2.55, x=3) }}",
    "x is 3 and 1.50    a|b    |00042a    3 2.5",
  ],
  [
    "{{ 7 // 2 }}{{ -7 // 2 }}{{ -7 % 3 }}{{ 7 / 2 }}{{ 4 / 2 }}{{ 2 ** 10 }}{{ 2 ** -1 }}{{ 1e20 }}{{ 1e-5 }}{{ 10 ** 3 * 1.0 }}",
    "3-423.52.010240.51e+201e-051000.0",
  ],
  [
    "{{ 'ab' * 3 }}{{ [1, 2] * 2 }}{{ [1] + [2] }}{{ 'a' ~ 1 ~ none ~ true }}{{ 'a' + 'b' }}",
    "ababab[1, 2, 1, 2][1, 2]a1NoneTrueab",
  ],
  [
    "{{ 1 < 2 < 3 }}{{ 1 < 2 > 3 }}{{ 1 == 1.0 }}{{ true == 1 }}{{ [1, 2] == [1, 2] }}{{ {'a': 1} == {'a': 1} }}{{ (1, 2) }}{{ (1,) }}{{ () }}",
    "TrueFalseTrueTrueTrueTrue(1, 2)(1,)()",
  ],
  [
    "{{ 'a' if n > 5 else 'b' }}{{ 'a' if n > 9 }}{{ n if nothing else zero or 'z' }}{{ not n }}{{ nothing and 1 }}{{ n and 1 }}",
    "azFalseNone1",
  ],
  [
    "{{ n is odd }}{{ n is divisibleby 7 }}{{ n is divisibleby(2) }}{{ n is not none }}{{ missing is defined }}{{ missing is undefined }}{{ word is string }}{{ d is mapping }}{{ items is sequence }}{{ items is iterable }}{{ f is float }}{{ n is integer }}{{ yes is boolean }}{{ yes is number }}{{ n is in [7] }}{{ n is eq 7 }}{{ n is sameas 7 }}{{ n is gt 3 and n is lt 9 }}",
    "TrueTrueFalseTrueFalseTrueTrueTrueTrueTrueTrueTrueTrueTrueTrueTrueTrueTrue",
  ],
  [
    "{{ missing }}|{{ missing | default('x') }}|{{ empty | default('x') }}|{{ empty | default('x', true) }}|{{ nothing | d('x') }}|{{ missing | length }}",
    "|x||x|None|0",
  ],
  [
    "{{ '3.7' | int }}{{ 'x' | int(5) }}{{ '0x1f' | int(base=16) }}{{ 3.9 | int }}{{ '2.50' | float }}{{ f | round }}{{ 2.567 | round(2) }}{{ 2.1 | round(0, 'ceil') }}{{ -3 | abs }}",
    "353132.52.02.573.03",
  ],
  [
    "{{ word | truncate(8) }}{{ word | wordcount }}{{ 'a b&c/d' | urlencode }}{{ '<b>x</b>  y' | striptags }}{{ 'x' | center(5) }}|{{ items | first }}{{ items | last }}{{ items | reverse | list }}{{ 'abc' | reverse }}",
    "garden bed2a%20b%26c/dx y  x  |32[2, 1, 3]cba",
  ],
  [
    "{{ 'a\\n\\nb' | indent }}|{{ 'a\\nb' | indent(2, true) }}|{{ 'a\\n\\nb' | indent(2, blank=true) }}|{{ 'a\\nb' | indent('> ') }}",
    "a\n\n    b|  a\n  b|a\n  \n  b|a\n> b",
  ],
  [
    "{{ 'xxa' | trim('x') }}{{ ' a ' | trim }}{{ word | replace('e', '3') }}{{ word | replace('e', '3', 1) }}{{ word | list | length }}{{ items | join }}{{ rows | join(',', attribute='v') }}",
    "aagard3n b3dgard3n bed103122,1,3",
  ],
  [
    "{% for m in messages %}{{ loop.index }}{{ loop.first }}{{ loop.last }}{{ loop.revindex0 }}{{ loop.cycle('o', 'e') }}{{ loop.previtem is defined }}{{ loop.nextitem is defined }}{{ loop.changed(m.role) }};{% endfor %}",
    "1TrueFalse1oFalseTrueTrue;2FalseTrue0eTrueFalseTrue;",
  ],
  [
    "{% for x in items if x > 1 %}{{ x }}{{ loop.length }}{% else %}none{% endfor %}{% for x in [] %}{% else %}none{% endfor %}",
    "3222none",
  ],
  [
    "{% for x in range(5) %}{% if x == 1 %}{% continue %}{% endif %}{% if x == 3 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "02",
  ],
  [
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}{% for k in d %}{{ k }}{% endfor %}{% for c in 'ab' %}{{ c }}{% endfor %}",
    "b=1;a={'x': [1, None]};baab",
  ],
  [
    "{% set ns = namespace(a=1, b={'x': 1}) %}{% for x in items %}{% set ns.a = ns.a + x %}{% endfor %}{{ ns.a }}{{ ns.b.x }}",
    "71",
  ],
  [
    "{% set x = 1 %}{% for i in [1, 2] %}{% set x = i + 5 %}{{ x }}{% endfor %}{{ x }}{% if true %}{% set x = 9 %}{% endif %}{{ x }}",
    "6719",
  ],
  [
    "{% set a, b = 1, 2 %}{{ a + b }}{% set c = 1, 2 %}{{ c }}{% set t %}<{{ n }}>{% endset %}{{ t }}{% set u | upper %}ab{% endset %}{{ u }}",
    "3(1, 2)<7>AB",
  ],
  [
    "{% macro m(a, b=2, c='x') %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ m(1) }}{{ m(1, c=3) }}{{ m(1, 2, 3) }}{{ m() }}",
    "[12x][123][123][2x]",
  ],
  [
    "{% macro wrap(t) %}<{{ t }}>{{ caller('in') }}</{{ t }}>{% endmacro %}{% call(x) wrap('b') %}{{ x }}{{ n }}{% endcall %}",
    "<b>in7</b>",
  ],
  ["{% macro many() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ many(1, 2, k=3) }}", "(1, 2){'k': 3}"],
  [
    "{% macro tree(x) %}{% if x is mapping %}{% for k, v in x.items() %}{{ k }}({{ tree(v) }}){% endfor %}{% else %}{{ x }}{% endif %}{% endmacro %}{{ tree(d) }}",
    "b(1)a(x([1, None]))",
  ],
  [
    "{% for i in [[1, [2]], 3] recursive %}{% if i is iterable %}({{ loop(i) }}){% else %}{{ i }}{{ loop.depth }}{% endif %}{% endfor %}",
    "(12(23))31",
  ],
  [
    "{% with a=1, b=n %}{{ a }}{{ b }}{% endwith %}{{ a }}{% filter upper %}a{{ word }}{% endfilter %}{% raw %}{{ x }}{% endraw %}{# note #}.",
    "17AGARDEN BED{{ x }}.",
  ],
  [
    "{% if n > 9 %}a{% elif n > 5 %}b{% else %}c{% endif %}{{- ' x ' -}}   y   {%- if true %} z{% endif +%}\n   {% if true %}\n   indented\n   {% endif %}\n   {%- set q = 1 %}\nend",
    "b x y z\n   indented\nend",
  ],
  [
    "{{ \"tab\\tq\\\"q'\\u00e4\\x41\" }}{{ 'a' 'b' }}{{ 1_000 }}{{ [1, 2, ] }}{{ {'a': 1, } }}{{ {1: 'a'}[1] }}{{ {'k': [1, 'it\\'s', \"q\"]} }}",
    "tab\tq\"q'äAab1000[1, 2]{'a': 1}a{'k': [1, \"it's\", 'q']}",
  ],
  [
    "{{ messages[-1].role }}{{ messages[0]['content'] }}{{ messages[0].missing }}{{ messages | map(attribute='role') | join }}{{ messages.0.role }}",
    "assistanthiuserassistantuser",
  ],
  [
    "{{ range(3) | list }}{{ range(5, 0, -2) | list }}{{ dict(a=1) }}{{ dict(a=1).a }}{{ word.index('b') }}{{ -n | abs }}{{ 'a' | upper ~ 'b' | upper }}{{ (n + 1) * 2 - 3 }}",
    "[0, 1, 2][5, 3, 1]{'a': 1}177AB13",
  ],
  [
    "{{ d.update({'c': 3}) }}{{ d.c }}{% set l = [] %}{% set _ = l.append(1) %}{{ l }}{{ joiner('x') is callable }}{{ 'x' is lower }}{{ 'X' is upper }}{{ 3 is even }}",
    "None3[1]TrueTrueTrueFalse",
  ],
  [
    "{{ 'a\\\\b' }}{{ \"a\\qb\" }}{{ true and 'x' or 'y' }}{{ 1 if 0 else 2 if 0 else 3 }}{{ not 1 == 2 }}{{ items[0] }}{{ items[9] }}|{{ 'abc'[5] }}|{{ [1,2,3][1:][0] }}{{ 'x'.join(['a', 'b']) }}",
    "a\\ba\\qbx3True3||2axb",
  ],
];
