// Package simplejwt has the token semantics of SimpleJWT 5 over PocketBase's
// keys: it issues access and refresh tokens, reads them, rotates and
// blacklists them, and checks the credentials that they are given for.
//
// An access token is signed as PocketBase signs and carries PocketBase's
// claims beside SimpleJWT's, so that every PocketBase endpoint accepts it. A
// refresh token carries SimpleJWT's only, so that none does.
package simplejwt
