#!/bin/bash
# Runs once, on an empty data folder: one database and one login per service, each closed to the others.
set -euo pipefail

create_database() {
  NAME="duban_$1" PASSWORD="$2" psql --username postgres --dbname postgres --quiet -v ON_ERROR_STOP=1 <<'SQL'
\getenv name NAME
\getenv password PASSWORD
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT, TEMPORARY ON DATABASE :"name" FROM PUBLIC;
SQL
}

create_database directory "$DUBAN_DIRECTORY_DB_PASSWORD"
create_database task "$DUBAN_TASK_DB_PASSWORD"
create_database notification "$DUBAN_NOTIFICATION_DB_PASSWORD"
create_database reporting "$DUBAN_REPORTING_DB_PASSWORD"
