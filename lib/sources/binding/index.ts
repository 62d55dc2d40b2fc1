export { BindingSource } from './binding-source';
