#!/bin/sh
# Starts Mosquitto with a password for each user, made at the first start: there is no default one to forget. One for the
# administrator of the API is made with them.
#
# The passwords are in the volume `credentials`, a file each, named as the worker's secrets directory wants them. To choose one,
# write it into the file and restart; to have a new one made, remove the file. Runs on busybox's sh too.
set -eu
credentials=/credentials
passwords=/mosquitto/data/passwords
probe=/run/probe
umask 077

# Keep or make the password of user $1, in a file that only $2 may read.
password() {
  file=$credentials/$1
  [ -s "$file" ] || head -c 24 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n' >"$file"
  chown "$2" "$file"
  chmod 0400 "$file"
  cat "$file"
}

chmod 0755 "$credentials"
# Not the broker's: that of the administrator of the worker's API.
password admin 10001 >/dev/null
# mosquitto_passwd takes plain text and leaves hashes; on the command line, passwords could be read by others.
{
  printf 'pointsman:%s\n' "$(password pointsman 10001)"
  printf 'device:%s\n' "$(password device 0)"
  printf 'operator:%s\n' "$(password operator 0)"
  printf 'probe:%s\n' "$(password probe 0)"
} >"$passwords.new"
mosquitto_passwd -U "$passwords.new"
chown mosquitto "$passwords.new" /mosquitto/data
mv "$passwords.new" "$passwords"

mkdir -p "$probe"
printf -- '-u probe\n-P %s\n' "$(cat "$credentials/probe")" >"$probe/mosquitto_sub"

exec mosquitto -c /mosquitto/config/mosquitto.conf
