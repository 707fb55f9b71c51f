// Package simplejwt implements the token semantics of SimpleJWT 5 on PocketBase's
// keys: it issues, verifies, rotates and blacklists access and refresh tokens, and
// checks the credentials for them.
//
// An access token is signed with PocketBase's key and carries PocketBase's claims in
// addition to SimpleJWT's, so that every PocketBase endpoint accepts it. A refresh
// token carries only SimpleJWT's, so that none does.
package simplejwt
