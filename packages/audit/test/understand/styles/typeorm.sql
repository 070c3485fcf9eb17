-- TypeORM: camel case, integer keys, a tenant without a table of tenants.
CREATE TABLE "migrations" ("id" SERIAL NOT NULL, "timestamp" bigint NOT NULL, "name" character varying NOT NULL, CONSTRAINT "PK_migrations" PRIMARY KEY ("id"));
CREATE TABLE "customer" ("id" SERIAL NOT NULL, "tenantId" integer NOT NULL, "name" character varying NOT NULL, CONSTRAINT "PK_customer" PRIMARY KEY ("id"));
CREATE TABLE "order" ("id" SERIAL NOT NULL, "tenantId" integer NOT NULL, "customerId" integer, CONSTRAINT "PK_order" PRIMARY KEY ("id"));
CREATE TABLE "order_item" ("id" SERIAL NOT NULL, "orderId" integer NOT NULL, CONSTRAINT "PK_order_item" PRIMARY KEY ("id"));
CREATE TABLE "currency" ("code" character varying NOT NULL, CONSTRAINT "PK_currency" PRIMARY KEY ("code"));
ALTER TABLE "order" ADD CONSTRAINT "FK_order_customer" FOREIGN KEY ("customerId") REFERENCES "customer"("id");
ALTER TABLE "order_item" ADD CONSTRAINT "FK_item_order" FOREIGN KEY ("orderId") REFERENCES "order"("id") ON DELETE CASCADE;
