#!/usr/bin/env bash
# Walks through the documented API with cURL and jq, against the server at
# BASE_URL. Every run registers new users, so it can be repeated on one server.
# shellcheck disable=SC2016 # the variables in conditions are jq's
set -euo pipefail

base_url="${BASE_URL:-http://127.0.0.1:8000}"
run="$(date +%s)-$$"
password='Tr0ub4dor&3'
token=''
body=''

fail() {
    echo "FAILED: $1" >&2
    echo "the server answered: $body" >&2
    exit 1
}

# request STATUS METHOD PATH [JSON] leaves the answer in $body.
request() {
    local status="$1" method="$2" path="$3" answer
    local arguments=(-sS -X "$method" "$base_url$path" -w '\n%{http_code}' --max-time 30)
    if [ -n "$token" ]; then
        arguments+=(-H "Authorization: Bearer $token")
    fi
    if [ $# -ge 4 ]; then
        arguments+=(-H 'Content-Type: application/json' -d "$4")
    fi
    answer="$(curl "${arguments[@]}")"
    body="${answer%$'\n'*}"
    answer="${answer##*$'\n'}"
    [ "$answer" = "$status" ] || fail "$method $path: got status $answer, want $status"
}

# expect CONDITION [NAME VALUE]... checks $body with jq; the condition knows the
# values by their names.
expect() {
    local condition="$1" arguments=()
    shift
    while [ $# -gt 0 ]; do
        # Ids are numbers.
        if [[ "$2" =~ ^[0-9]+$ ]]; then arguments+=(--argjson "$1" "$2"); else arguments+=(--arg "$1" "$2"); fi
        shift 2
    done
    jq -e "${arguments[@]}" "$condition" <<<"$body" >/dev/null || fail "not true: $condition"
}

step() {
    echo "ok   $1"
}

email="me-$run@example.com"
request 201 POST /api/auth/register/ "{\"name\":\"Walk Through\",\"email\":\"$email\",\"password\":\"$password\"}"
expect '.email == $email and .name == "Walk Through" and has("id") and (has("password") | not)' email "$email"
user="$(jq -r .id <<<"$body")"
step 'register'

request 400 POST /api/auth/register/ "{\"name\":\"Walk Through\",\"email\":\"$email\",\"password\":\"$password\"}"
expect 'has("email")'
step 'register with the same e-mail: 400'

request 401 POST /api/auth/login/ "{\"email\":\"$email\",\"password\":\"wrong\"}"
expect 'has("detail")'
step 'login with a wrong password: 401'

# The documented lines, with this run's user.
TOKEN=$(curl -s -X POST "$base_url/api/auth/login/"   -H "Content-Type: application/json"   -d '{"email":"'"$email"'","password":"'"$password"'"}' | jq -r .access)
[ "$(tr -cd . <<<"$TOKEN")" = '..' ] || fail "login: \"$TOKEN\" is no token"
step 'login with the documented line'

body=$(curl -s -X POST "$base_url/api/patients/"   -H "Authorization: Bearer $TOKEN"   -H "Content-Type: application/json"   -d '{"name":"John Doe","age":34,"notes":"Diabetic"}')
expect '.name == "John Doe" and .age == 34 and .notes == "Diabetic" and .created_by == $user and has("created_at")' user "$user"
patient="$(jq -r .id <<<"$body")"
step 'create a patient with the documented line'

request 200 POST /api/auth/login/ "{\"email\":\"$email\",\"password\":\"$password\"}"
expect 'keys == ["access", "refresh"]'
refresh="$(jq -r .refresh <<<"$body")"
step 'login for both tokens'

request 401 GET /api/patients/
expect 'has("detail")'
step 'patients without a token: 401'

token="$TOKEN"
request 200 GET /api/patients/
expect 'length == 1 and .[0].id == $patient' patient "$patient"
step 'list patients'

request 400 POST /api/patients/ '{"age":-1}'
expect 'has("name") and has("age")'
step 'create a patient without a name: 400'

request 200 GET "/api/patients/$patient/"
expect '.name == "John Doe"'
step 'read the patient'

request 200 PUT "/api/patients/$patient/" '{"name":"Jane Doe","age":35,"notes":""}'
expect '.name == "Jane Doe" and .age == 35 and .notes == ""'
step 'replace the patient (PUT)'

request 200 PATCH "/api/patients/$patient/" '{"age":0}'
expect '.name == "Jane Doe" and .age == 0'
step 'change the age (PATCH)'

request 201 POST /api/doctors/ '{"name":"Gregory House","speciality":"Nephrology"}'
expect '.name == "Gregory House" and .speciality == "Nephrology" and .created_by == $user' user "$user"
doctor="$(jq -r .id <<<"$body")"
step 'create a doctor'

request 200 GET /api/doctors/
expect 'any(.id == $doctor)' doctor "$doctor"
step 'list doctors'

request 200 PUT "/api/doctors/$doctor/" '{"name":"Gregory House","speciality":"Diagnostics"}'
expect '.speciality == "Diagnostics"'
step 'replace the doctor (PUT)'

request 201 POST /api/mappings/ "{\"patient\":\"$patient\",\"doctor\":\"$doctor\"}"
expect '.patient == $patient and .doctor == $doctor' patient "$patient" doctor "$doctor"
mapping="$(jq -r .id <<<"$body")"
step 'assign the doctor to the patient'

request 400 POST /api/mappings/ "{\"patient\":\"$patient\",\"doctor\":\"$doctor\"}"
expect 'has("non_field_errors")'
step 'assign the same doctor again: 400'

request 200 GET /api/mappings/
expect 'length == 1 and .[0].id == $mapping' mapping "$mapping"
step 'list mappings'

request 200 GET "/api/mappings/$patient/"
expect 'length == 1 and .[0].doctor == $doctor' doctor "$doctor"
step "list the patient's mappings"

token=''
request 201 POST /api/auth/register/ "{\"name\":\"Somebody Else\",\"email\":\"other-$run@example.com\",\"password\":\"$password\"}"
request 200 POST /api/auth/login/ "{\"email\":\"other-$run@example.com\",\"password\":\"$password\"}"
other="$(jq -r .access <<<"$body")"
token="$other"
request 404 GET "/api/patients/$patient/"
request 404 PUT "/api/patients/$patient/" '{"name":"Mine now","age":1}'
request 404 DELETE "/api/patients/$patient/"
request 404 DELETE "/api/mappings/detail/$mapping/"
request 200 GET "/api/mappings/$patient/"
expect '. == []'
request 200 GET /api/patients/
expect '. == []'
step 'another user: 404 and empty lists'

request 403 DELETE "/api/doctors/$doctor/"
step "another user's doctor cannot be deleted: 403"

token=''
request 200 POST /api/token/refresh/ "{\"refresh\":\"$refresh\"}"
expect 'has("access")'
token="$(jq -r .access <<<"$body")"
request 200 GET /api/patients/
expect 'length == 1'
step 'refresh, and use the new access token'

access="$token"
token="$refresh"
request 401 GET /api/patients/
expect '.code == "token_not_valid"'
step 'a refresh token is no access token: 401'

token="$access"
request 204 DELETE "/api/mappings/detail/$mapping/"
request 200 GET /api/mappings/
expect '. == []'
step 'delete the mapping'

request 204 DELETE "/api/patients/$patient/"
request 404 GET "/api/patients/$patient/"
step 'delete the patient'

request 204 DELETE "/api/doctors/$doctor/"
request 404 GET "/api/doctors/$doctor/"
step 'delete the doctor'

token=''
request 200 POST /api/auth/logout/ "{\"refresh\":\"$refresh\"}"
request 401 POST /api/token/refresh/ "{\"refresh\":\"$refresh\"}"
expect '.code == "token_not_valid"'
step 'log out, after which the refresh token is refused: 401'

request 200 POST /api/auth/login/ "{\"email\":\"$email\",\"password\":\"$password\"}"
refresh="$(jq -r .refresh <<<"$body")"
request 200 POST /api/token/blacklist/ "{\"refresh\":\"$refresh\"}"
request 401 POST /api/token/refresh/ "{\"refresh\":\"$refresh\"}"
step 'blacklist a refresh token: 401 from then on'

echo "The walk-through of $base_url is complete."
