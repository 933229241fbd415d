# the token itself: whether it is alive, and to prolong it; the policy "default" allows both
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
path "auth/token/renew-self" {
  capabilities = ["update"]
}
