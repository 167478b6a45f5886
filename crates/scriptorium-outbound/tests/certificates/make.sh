#!/bin/sh
# Makes the certificates of the tests, for a hundred years. Run it in this folder; the outcome is committed. Nobody
# but the tests trusts their authority, whose key is thrown away.
set -eu
key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1.key"; }
ext() { printf 'subjectAltName=%s\nextendedKeyUsage=%s\nbasicConstraints=critical,CA:FALSE\n' "$1" "$2"; }
sign() { # name, subject alternative name, use, dates
    key "$1"
    openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
    ext "$2" "$3" > "$1.ext"
    # shellcheck disable=SC2086
    openssl x509 -req -in "$1.csr" -CA authority.pem -CAkey authority.key -CAcreateserial -extfile "$1.ext" $4 -out "$1.pem"
    cat "$1.key" >> "$1.pem"
}
key authority
openssl req -x509 -new -key authority.key -subj '/CN=Tests' -days 36500 -out authority.pem \
    -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign'
sign host 'DNS:good.example.com' serverAuth '-days 36500'
sign address 'IP:127.0.0.1' serverAuth '-days 36500'
sign expired 'DNS:good.example.com' serverAuth '-days 1'
# Once more, for dates in the past, which needs the longer way.
printf '[ca]\ndefault_ca=it\n[it]\ndatabase=index.ext\nnew_certs_dir=.\nserial=serial.ext\ndefault_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n' > ca.ext
: > index.ext
echo 10 > serial.ext
openssl ca -batch -config ca.ext -cert authority.pem -keyfile authority.key -in expired.csr -extfile expired.ext -notext \
    -startdate 20200101000000Z -enddate 20200201000000Z -out expired.pem
cat expired.key >> expired.pem
sign client 'DNS:tenant.example.com' clientAuth '-days 36500'
key self
openssl req -x509 -new -key self.key -subj '/CN=self' -days 36500 -addext 'subjectAltName=DNS:good.example.com' -out self.pem
cat self.key >> self.pem
rm -f ./*.key ./*.csr ./*.ext ./*.srl ./*.old ./*.attr 10.pem index.ext* serial.ext*
