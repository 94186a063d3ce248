#!/bin/bash
# Gives each service a login of its own on a Kafka that has SASL and an authorizer, and what it needs there: its own
# topic to write, others' topics to read, its consumer groups. Safe to repeat. With the tools of Kafka on the PATH:
#
#   DUBAN_DIRECTORY_KAFKA_PASSWORD=... DUBAN_TASK_KAFKA_PASSWORD=... DUBAN_NOTIFICATION_KAFKA_PASSWORD=... \
#   DUBAN_REPORTING_KAFKA_PASSWORD=... DUBAN_OPERATOR_KAFKA_PASSWORD=... \
#     grant-access.sh broker:9094 admin.properties
#
# `db upgrade` runs as duban-operator, a service as duban-<service>: set DUBAN_KAFKA_USERNAME and DUBAN_KAFKA_PASSWORD
# in its container, and DUBAN_KAFKA_TLS_CA to the broker's CA.
set -euo pipefail
BROKER=$1 ADMIN=$2

login() { # login NAME PASSWORD
  kafka-configs.sh --bootstrap-server "$BROKER" --command-config "$ADMIN" --alter \
    --entity-type users --entity-name "$1" --add-config "SCRAM-SHA-512=[password=$2]"
}

allow() { # allow NAME WHAT..., as options of kafka-acls.sh
  kafka-acls.sh --bootstrap-server "$BROKER" --command-config "$ADMIN" --add --force --allow-principal "User:$1" "${@:2}"
}

service() { # service NAME PASSWORD TOPIC_TO_READ...
  login "duban-$1" "$2"
  # It also reads its own topic's newest records at start, to refuse a bus that is ahead of a restored database.
  allow "duban-$1" --operation Write --operation Read --operation Describe --topic "duban.$1.v1"
  allow "duban-$1" --operation Read --operation Describe --resource-pattern-type prefixed --group "$1."
  local other
  for other in "${@:3}"; do allow "duban-$1" --operation Read --operation Describe --topic "duban.$other.v1"; done
}

service directory "$DUBAN_DIRECTORY_KAFKA_PASSWORD"
service task "$DUBAN_TASK_KAFKA_PASSWORD" directory notification
service notification "$DUBAN_NOTIFICATION_KAFKA_PASSWORD" directory task reporting
service reporting "$DUBAN_REPORTING_KAFKA_PASSWORD" directory task notification

login duban-operator "$DUBAN_OPERATOR_KAFKA_PASSWORD"
allow duban-operator --operation Create --operation Describe --resource-pattern-type prefixed --topic duban.
