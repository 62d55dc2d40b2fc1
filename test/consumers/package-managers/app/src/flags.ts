import 'nestjs-flagship';

declare module 'nestjs-flagship' {
  interface FlagTypes {
    greeting: string;
  }
  interface DomainFlagTypes {
    billing: { invoices: boolean };
  }
}
