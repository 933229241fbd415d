# read: credentials with a lease, whether it still lives, and to prolong it; the policy "default" allows the last two
path "database/creds/*" {
  capabilities = ["read"]
}
path "sys/leases/lookup" {
  capabilities = ["update"]
}
path "sys/leases/renew" {
  capabilities = ["update"]
}
