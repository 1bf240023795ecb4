{# How a cell of the export becomes text, and how spellings of one value are compared. #}

{# Characters that take no space and show nothing: soft hyphens, joiners, marks of direction, variants. #}
{% macro invisible_characters() -%}
    \x{00ad}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{2069}\x{fe0f}\x{feff}
{%- endmacro %}

{# White space, the no-break kind and invisible characters included. #}
{% macro white_space() -%}
    [\t\n\f\r \p{Z}{{ invisible_characters() }}]
{%- endmacro %}

{# Text without white space at its ends, and without the quotes around a whole cell: ="..." keeps an id
   from being read as a number, and a space before a quote keeps CSV from taking it as one. A quote at
   one end only is part of the text (TV 42"). Most text begins and ends with a character that needs no
   pattern. #}
{% macro trimmed(x) -%}
    {%- set bare = replace_matches(x, '^' ~ white_space() ~ '+|' ~ white_space() ~ '+\\z') -%}
    case
        when left({{ x }}, 1) between '#' and '~' and left({{ x }}, 1) != '=' and right({{ x }}, 1) between '#' and '~'
            then {{ x }}
        else {{ replace_matches(bare, '^=?"([^"]*)"\\z', '\\1') }}
    end
{%- endmacro %}

{# Text with the wide forms of ASCII characters, as Japanese keyboards type them, in their usual form. #}
{% macro half_width(x) -%}
    {%- set wide = [] -%}
    {%- set usual = [] -%}
    {%- for code in range(33, 127) -%}
        {%- do usual.append("''" if code == 39 else '%c' % code) -%}
        {%- do wide.append('%c' % (code + 65248)) -%}
    {%- endfor -%}
    translate({{ x }}, '{{ wide | join }}', '{{ usual | join }}')
{%- endmacro %}

{# Trimmed text; null where it is blank or one of the null values, but for those that are `levels`, and for
   those that a condition tells to be values. Not by `in`, for which DuckDB plans a join. #}
{% macro null_if_empty(x, levels=[], is_value='false') -%}
    coalesce(
        case lower({{ x }})
            {%- for word in [''] + var('null_values') if word not in levels %}
            when {{ quoted_list([word]) }} then null
            {%- endfor %}
            else {{ x }}
        end,
        case when {{ is_value }} then {{ x }} end
    )
{%- endmacro %}

{# Whether text is one of the words in a text of mapped words of a kind (cell_texts). #}
{% macro is_mapped_word(x, kind, words) -%}
    position('|' || {{ kind }} || ':' || lower({{ x }}) || '|' in {{ words }}) > 0
{%- endmacro %}

{# A cell of the outcome: the word for a number where all are numbers of states (`are_outcomes`). #}
{% macro outcome_cell(x) -%}
    case
        {%- for code, outcome in var('state_codes').items() %}
        when are_outcomes and {{ x }} = '{{ code }}' then '{{ outcome }}'
        {%- endfor %}
        else {{ x }}
    end
{%- endmacro %}

{# Text with one kind of space and one kind of dash. x is in normal form C. #}
{% macro folded(x) -%}
    trim({{ replace_matches(replace_matches(x, '[‐‑‒–—]', '-'), '[\\t\\n\\f\\r \\p{Zs}]+', ' ') }})
{%- endmacro %}

{# Text without invisible characters. #}
{% macro visible(x) -%}
    {{ return(replace_matches(x, '[' ~ invisible_characters() ~ ']+')) }}
{%- endmacro %}

{# Whether text looks like an id and not like a name: it has a digit, and neither white space nor an at sign. #}
{% macro is_id(x) -%}
    {{ return(matches(x, '[^@\\t\\n\\f\\r \\p{Zs}]*[0-9][^@\\t\\n\\f\\r \\p{Zs}]*')) }}
{%- endmacro %}

{# What all spellings of one name have in common, of text in normal form C: an id is compared as it is, and a name
   without regard to case, spaces and invisible characters. #}
{% macro name_key(x) -%}
    case when {{ is_id(x) }} then {{ x }} else lower({{ visible(folded(x)) }}) end
{%- endmacro %}

{# What all spellings of one level have in common: 'FinTech', 'fintech ' and 'Fin-Tech' are one level, and so are
   text with and without invisible characters, and wide and usual letters.
   Between digits a separator counts, since '1-50' is not '150': there it becomes a placeholder, in two
   passes, because a match uses up its second digit. x is in normal form C. #}
{% macro level_key(x) -%}
    {%- set between_digits = '([0-9])[ _-]+([0-9])' -%}
    {%- set first_pass = replace_matches(folded(visible(half_width(x))), between_digits, '\\1~\\2') -%}
    {%- set second_pass = replace_matches(first_pass, between_digits, '\\1~\\2') -%}
    lower({{ replace_matches(second_pass, '([^ _-])[ _-]+', '\\1') }})
{%- endmacro %}

{# The words of text in lower case, a space before and behind each: 'No-Decision (timing)' is ' no decision timing '.
   x is in normal form C. #}
{% macro spaced_words(x) -%}
    ' ' || trim({{ replace_matches('lower(' ~ visible(x) ~ ')', '[^\\p{L}\\p{N}]+', ' ') }}) || ' '
{%- endmacro %}

{# What both forms of the id of an opportunity of Salesforce have in common: 15 characters, or 18 with a checksum. #}
{% macro deal_key(x) -%}
    case when length({{ x }}) = 18 and left({{ x }}, 3) = '006' then left({{ x }}, 15) else {{ x }} end
{%- endmacro %}

{# Text without what stands in brackets at its end: Closed won (Sales Pipeline) is Closed won. #}
{% macro without_remark(x) -%}
    {{ return(replace_matches(x, white_space() ~ '*[(][^()]*[)]\\z')) }}
{%- endmacro %}

{# Whether text contains one of some words, in whatever case. #}
{% macro contains_word(x, words) -%}
    {{ return(contains_match('lower(' ~ x ~ ')', '\\b(' ~ words | join('|') ~ ')\\b')) }}
{%- endmacro %}

{# Yes or no as true or false; null for anything else. Not by `in`, for which DuckDB plans a join. #}
{% macro yes_or_no(x) -%}
    case lower({{ x }})
        {%- for word in ['true', 't', 'yes', 'y', '1', '1.0', 'x', 'checked'] %}
        when '{{ word }}' then true
        {%- endfor %}
        {%- for word in ['false', 'f', 'no', 'n', '0', '0.0', 'unchecked'] %}
        when '{{ word }}' then false
        {%- endfor %}
    end
{%- endmacro %}

{# Text of an export in one line of at most so many letters, without control characters. #}
{% macro brief(x, n_letters) -%}
    {%- set line = replace_matches(x, '[\\p{Cc}\\p{Z}]+', ' ') -%}
    {{ return(replace_matches(line, '^(.{' ~ (n_letters - 3) ~ '}).{4,}\\z', '\\1...')) }}
{%- endmacro %}

{# A name from the data within a sentence: on one line, at most 60 letters, without control, invisible and
   text-direction characters. #}
{% macro name_in_text(name) -%}
    {{ return(brief(visible(name), 60)) }}
{%- endmacro %}

{# What separates the lines of a sentence that is a list; each but the first is indented. #}
{% macro line_break() -%}
    {{ return('\n    ') }}
{%- endmacro %}
