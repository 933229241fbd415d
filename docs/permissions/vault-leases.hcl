# read: credentials with a lease, and to prolong it
path "database/creds/*" {
  capabilities = ["read"]
}
path "sys/leases/renew" {
  capabilities = ["update"]
}
