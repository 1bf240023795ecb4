{# A setting that changes from run to run: what the environment says (`WINRATE_LATEST_DATE`), or else
   the variable of that name. dbt parses the whole project anew when `--vars` differ from those of the
   run before, and only the files that read it when an environment variable differs. #}
{% macro run_value(name) -%}
    {{ return(env_var('WINRATE_' ~ name | upper, var(name))) }}
{%- endmacro %}
